#include "storage/local/session.hh"

#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

namespace storage {
namespace {

constexpr base::Nanoseconds kNow = std::chrono::seconds(1'700'000'000);

TEST(Session, one_that_lives_is_seen_and_its_temporaries_are_let_alone) {
  const base::TemporaryDirectory folder;
  Session session(folder.path(), kNow);
  base::write_file_atomically(session.temporary_path(), "half");
  const SessionSurvey survey = survey_sessions(folder.path(), Sweep::Remove);
  EXPECT_EQ(survey.live_since, std::vector{kNow});
  EXPECT_TRUE(survey.orphans.empty());
  EXPECT_EQ(names_in(folder.path()).size(), 2U);
}

TEST(Session, what_a_killed_process_left_is_told_from_what_a_live_one_writes) {
  const base::TemporaryDirectory folder;
  const int status = in_child([&]() -> int {
    Session session(folder.path(), kNow);
    base::write_file_atomically(session.temporary_path(), "half");
    return ::raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  const Session mine(folder.path(), kNow);
  ASSERT_EQ(names_in(folder.path()).size(), 3U);

  EXPECT_EQ(survey_sessions(folder.path(), Sweep::Report).orphans.size(), 1U);
  EXPECT_EQ(names_in(folder.path()).size(), 3U) << "a report removes nothing";
  EXPECT_EQ(survey_sessions(folder.path(), Sweep::Remove).orphans.size(), 1U);
  EXPECT_EQ(names_in(folder.path()).size(), 1U);
}

TEST(Session, one_that_ends_leaves_nothing) {
  const base::TemporaryDirectory folder;
  { const Session session(folder.path(), kNow); }
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(Session, a_file_that_is_no_sessions_counts_as_left_over) {
  const base::TemporaryDirectory folder;
  base::write_file_atomically(folder.path() + "/stray", "x");
  EXPECT_EQ(survey_sessions(folder.path(), Sweep::Remove).orphans, std::vector{folder.path() + "/stray"});
  EXPECT_TRUE(names_in(folder.path()).empty());
}

}  // namespace
}  // namespace storage
