#include "intercept/registry.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "intercept/journal.hh"
#include "intercept/placeholder.hh"
#include "intercept/placing.hh"
#include "intercept/process.hh"
#include "intercept/testing_world.hh"
#include "intercept/tracee.hh"
#include "object/hash.hh"
#include "testing/full_disk.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

namespace intercept {
namespace {

struct Tree {
  base::TemporaryDirectory folder;
  world::MemoryFileStore store;
  Registry registry{folder.path() + "/state", store};
  object::Promise promise{object::hash("t"), "a.o"};
  object::Entry made = object::File{store.put("the real bytes").value(), false};

  [[nodiscard]] std::string at(const std::string& name) const { return folder.path() + "/" + name; }

  void put() { EXPECT_TRUE(registry.put(promise, made).empty()); }
};

std::vector<std::string> temporaries_in(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tmp") {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

TEST(Registry, the_real_file_keeps_the_placeholders_time_and_mode) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0640).value());
  const timespec times[2] = {{1, 0}, {1234567890, 123456789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, tree.at("a.o").c_str(), times, 0), 0);
  tree.put();

  struct stat status {};

  ASSERT_EQ(::stat(tree.at("a.o").c_str(), &status), 0);
  EXPECT_EQ(base::read_file(tree.at("a.o")), "the real bytes");
  EXPECT_EQ(status.st_mtim.tv_sec, 1234567890);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123456789);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_TRUE(tree.registry.empty());
}

// A placeholder with another owner and the set-user and set-group bits, as `install -o -g -m` leaves it.
void give_away(Tree& tree) {
  tree.made = object::File{tree.store.put("the real bytes").value(), true};
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("prog"), 0755).value());
  ASSERT_EQ(::chown(tree.at("prog").c_str(), 12345, 54321), 0);
  ASSERT_EQ(::chmod(tree.at("prog").c_str(), 06755), 0);
}

// What root's `install -o -g -m` did to the placeholder it did to the file. (Whatever else changes a file's
// metadata, setfacl or setcap, is given the real one.)
TEST(Registry, the_real_file_keeps_the_placeholders_owner_and_special_bits) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  Tree tree;
  ASSERT_NO_FATAL_FAILURE(give_away(tree));
  tree.put();

  struct stat status {};

  ASSERT_EQ(::stat(tree.at("prog").c_str(), &status), 0);
  EXPECT_EQ(base::read_file(tree.at("prog")), "the real bytes");
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 54321U);
  EXPECT_EQ(status.st_mode & 07777U, 06755U);
}

TEST(Registry, where_nothing_may_be_given_away_the_real_file_is_put_in_place_without_special_bits) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  Tree tree;
  ASSERT_NO_FATAL_FAILURE(give_away(tree));
  const pid_t child = ::fork();
  if (child == 0) {
    // Version 3: two halves of 32 capabilities each.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    ::syscall(SYS_capget, &header, sets.data());
    sets[0].effective &= ~(1U << CAP_CHOWN);
    const bool dropped = ::syscall(SYS_capset, &header, sets.data()) == 0;
    ::_exit(dropped && tree.registry.put(tree.promise, tree.made).empty() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);

  struct stat placed {};

  ASSERT_EQ(::stat(tree.at("prog").c_str(), &placed), 0);
  EXPECT_EQ(base::read_file(tree.at("prog")), "the real bytes");
  EXPECT_EQ(placed.st_uid, 0U);
  EXPECT_EQ(placed.st_mode & 07777U, 0755U);
}

TEST(Registry, a_newer_file_is_left_alone_and_a_removed_one_stays_removed) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("newer"), 0644).value());
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("gone"), 0644).value());
  base::write_file_atomically(tree.at("newer"), "by somebody else");
  ::unlink(tree.at("gone").c_str());
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("newer")), "by somebody else");
  EXPECT_FALSE(base::read_file_if_there(tree.at("gone")));
}

TEST(Registry, another_promises_placeholder_at_the_same_path_is_left_alone) {
  Tree tree;
  const object::Promise later{object::hash("later"), "a.o"};
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  ASSERT_TRUE(tree.registry.write(later, tree.at("a.o"), 0644).value());
  tree.put();
  EXPECT_EQ(read_placeholder(tree.at("a.o")), later);
  EXPECT_TRUE(tree.registry.put(later, tree.made).empty());
  EXPECT_EQ(base::read_file(tree.at("a.o")), "the real bytes");
}

TEST(Registry, hard_links_of_a_placeholder_stay_links_of_one_file) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("one"), 0644).value());
  ASSERT_EQ(::link(tree.at("one").c_str(), tree.at("two").c_str()), 0);
  tree.registry.add(tree.promise, tree.at("two"));
  tree.put();

  struct stat one {};

  struct stat two {};

  ASSERT_EQ(::stat(tree.at("one").c_str(), &one), 0);
  ASSERT_EQ(::stat(tree.at("two").c_str(), &two), 0);
  EXPECT_EQ(one.st_ino, two.st_ino);
  EXPECT_EQ(base::read_file(tree.at("two")), "the real bytes");
}

TEST(Registry, what_moves_with_its_directory_is_found_again) {
  Tree tree;
  base::make_directories(tree.at("old"));
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("old/a.o"), 0644).value());
  tree.registry.directory_moves(tree.at("old"), tree.at("new"));
  ASSERT_EQ(::rename(tree.at("old").c_str(), tree.at("new").c_str()), 0);
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("new/a.o")), "the real bytes");
}

TEST(Registry, an_abandoned_path_is_never_written_but_a_write_that_did_not_come_is_made_good) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  tree.registry.abandon(tree.at("a.o"));
  tree.put();
  EXPECT_EQ(read_placeholder(tree.at("a.o")), tree.promise);
  EXPECT_EQ(tree.registry.look_at_suspects().count(tree.promise), 1U);
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("a.o")), "the real bytes");
}

TEST(Registry, a_copy_is_put_in_place_too) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  base::write_file_atomically(tree.at("copy"), base::read_file(tree.at("a.o")));
  tree.registry.suspect(tree.at("copy"));
  (void)tree.registry.look_at_suspects();
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("copy")), "the real bytes");
}

TEST(Registry, nothing_is_put_in_place_under_a_program_that_has_looked_at_the_file_and_opens_it_next) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  std::array<int, 2> begun{};
  ASSERT_EQ(::pipe2(begun.data(), O_CLOEXEC), 0);
  const std::string path = tree.at("a.o");
  const pid_t copier = ::fork();
  ASSERT_GE(copier, 0);
  if (copier == 0) {
    struct stat looked_at {};

    struct stat now {};

    if (::lstat(path.c_str(), &looked_at) != 0 || ::write(begun[1], "x", 1) != 1) {
      ::_exit(1);
    }
    constexpr int kLooks = 10'000;  // long enough to be seen by whoever does not wait
    for (int look = 0; look < kLooks; ++look) {
      if (::lstat(path.c_str(), &now) != 0 || now.st_ino != looked_at.st_ino) {
        ::_exit(1);
      }
    }
    ::_exit(0);
  }
  tree.registry.leave_to(open_process(copier), {path});
  char byte = 0;
  ASSERT_EQ(::read(begun[0], &byte, 1), 1);
  tree.put();
  int status = 0;
  ASSERT_EQ(::waitpid(copier, &status, 0), copier);
  EXPECT_EQ(status, 0) << "it was replaced meanwhile";
  EXPECT_EQ(base::read_file(path), "the real bytes");
  ::close(begun[0]);
  ::close(begun[1]);
}

TEST(Registry, a_program_that_does_not_get_on_is_waited_for_no_longer_than_a_moment) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  tree.registry.leave_to(open_process(::getpid()), {tree.at("a.o")});
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("a.o")), "the real bytes");
}

TEST(Registry, what_was_announced_and_is_not_written_yet_stays_under_suspicion) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  const std::string placeholder = base::read_file(tree.at("a.o"));
  for (const char* name : {"absent", "empty"}) {
    tree.registry.suspect(tree.at(name));
  }
  base::write_file_atomically(tree.at("empty"), "");
  EXPECT_TRUE(tree.registry.look_at_suspects().empty());
  tree.registry.remove(object::hash("another thunk"));
  for (const char* name : {"absent", "empty"}) {
    base::write_file_atomically(tree.at(name), placeholder);
  }
  (void)tree.registry.look_at_suspects();
  tree.put();
  EXPECT_EQ(base::read_file(tree.at("absent")), "the real bytes");
  EXPECT_EQ(base::read_file(tree.at("empty")), "the real bytes");
}

TEST(Registry, a_suspect_that_is_something_else_is_looked_at_again_only_together_with_all) {
  Tree tree;
  base::write_file_atomically(tree.at("copy"), "a header");
  tree.registry.suspect(tree.at("copy"));
  EXPECT_TRUE(tree.registry.promises_in(tree.folder.path()).empty());
  base::write_file_atomically(tree.at("copy"), placeholder_text(tree.promise).value());
  EXPECT_TRUE(tree.registry.promises_in(tree.folder.path()).empty());
  EXPECT_EQ(tree.registry.look_at_suspects().count(tree.promise), 1U);
  EXPECT_EQ(tree.registry.promises_in(tree.folder.path()).count(tree.promise), 1U);
}

TEST(Registry, in_a_directory_stands_what_is_directly_in_it) {
  Tree tree;
  base::make_directories(tree.at("d/e"));
  const auto promise = [](const std::string& name) { return object::Promise{object::hash(name), name}; };
  for (const char* name : {"d/a", "d/e/b", "d/z", "d-c"}) {
    ASSERT_TRUE(tree.registry.write(promise(name), tree.at(name), 0644).value());
  }
  EXPECT_EQ(tree.registry.promises_in(tree.at("d")), (std::set{promise("d/a"), promise("d/z")}));
  EXPECT_TRUE(tree.registry.promises_in("").empty());
}

// Only root can make a root of its own in which to write at the top.
TEST(Registry, what_stands_at_the_top_is_in_the_root_and_not_in_a_directory_that_vanished) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can chroot";
  }
  Tree tree;
  base::make_directories(tree.at("gone"));
  // What is synced before a first placeholder would not be found after chroot().
  tree.registry.works_in("/");
  ASSERT_TRUE(tree.registry.write({object::hash("other"), "b.o"}, tree.at("b.o"), 0644).value());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool inside = ::chroot(tree.folder.path().c_str()) == 0 && ::chdir("/") == 0;
    const bool written = inside && tree.registry.write(tree.promise, "/a.o", 0644).value_or(false);
    ::_exit(written && tree.registry.promises_in("/").count(tree.promise) == 1 &&
                    tree.registry.promises_in("").empty()
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(RealPath, tells_the_root_from_what_cannot_be_told) {
  const base::TemporaryDirectory folder;
  base::make_directories(folder.path() + "/d");
  EXPECT_EQ(real_path("/", Last::Followed, ""), "/");
  EXPECT_EQ(real_path(folder.path() + "/absent", Last::Followed, ""), "");
  EXPECT_EQ(real_path(folder.path() + "/absent", Last::AsItIs, ""), folder.path() + "/absent");
  EXPECT_EQ(real_path("/absent", Last::AsItIs, ""), "/absent");
  EXPECT_EQ(real_path(folder.path() + "/d", Last::Followed, folder.path()), "/d");
  EXPECT_EQ(real_path(folder.path(), Last::Followed, folder.path()), "/");
}

TEST(Registry, an_object_the_store_has_lost_is_an_error_and_leaves_the_placeholder) {
  Tree tree;
  ASSERT_TRUE(tree.registry.write(tree.promise, tree.at("a.o"), 0644).value());
  const auto errors = tree.registry.put(tree.promise, object::File{object::hash("lost"), false});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_NE(errors[0].message.find("a.o"), std::string::npos) << errors[0].message;
  EXPECT_EQ(read_placeholder(tree.at("a.o")), tree.promise);
}

TEST(Placing, several_that_put_one_file_in_place_at_once_do_not_meet) {
  const Tree tree;
  const std::string path = tree.at("a.o");
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(write_now(path, placeholder_text(tree.promise).value(), 0644));
    std::atomic<size_t> errors{0};
    const auto put = [&] {
      world::MemoryFileStore store;
      const object::Entry made = object::File{store.put("the real bytes").value(), false};
      errors += put_in_place(store, tree.promise, made, {path}, [](const std::string&, const auto& swap) {
                  return swap();
                }).errors.size();
    };
    std::thread one(put);
    std::thread two(put);
    one.join();
    two.join();
    ASSERT_EQ(errors, 0U);
    ASSERT_EQ(base::read_file(path), "the real bytes");
    ASSERT_TRUE(temporaries_in(tree.folder.path()).empty());
  }
}

TEST(Journal, placeholders_and_temporaries_of_a_killed_session_are_removed_and_those_of_a_live_one_are_not) {
  Tree alive;
  ASSERT_TRUE(alive.registry.write(alive.promise, alive.at("alive"), 0644).value());
  const std::string state = alive.folder.path() + "/state";
  const pid_t killed = ::fork();
  if (killed == 0) {
    Registry registry(state, alive.store);
    (void)registry.write(alive.promise, alive.at("dead"), 0644);
    (void)registry.write(alive.promise, alive.at("finished"), 0644);
    base::write_file_atomically(alive.at("finished"), "real");
    base::write_file_atomically(temporary_beside(alive.at("dead")), "half");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(killed, &status, 0), killed);
  EXPECT_EQ(clean_up_after_dead_sessions(state).removed, std::vector<std::string>{alive.at("dead")});
  EXPECT_FALSE(base::read_file_if_there(alive.at("dead")));
  EXPECT_TRUE(temporaries_in(alive.folder.path()).empty());
  EXPECT_EQ(base::read_file(alive.at("finished")), "real");
  EXPECT_TRUE(base::read_file_if_there(alive.at("alive")));
  EXPECT_TRUE(clean_up_after_dead_sessions(state).removed.empty());
}

struct Sessions {
  base::TemporaryDirectory folder;
  world::MemoryFileStore store;
  const std::string state = folder.path() + "/state";

  std::unique_ptr<Registry> begin(Outstanding::Stay stay = Outstanding::Stay::No) {
    auto session = std::make_unique<Registry>(state, store, stay);
    (void)session->clean_up_after_others();
    return session;
  }

  void make_placeholder(Registry& session) const {
    EXPECT_TRUE(session.write({object::hash("t"), "a.o"}, folder.path() + "/a.o", 0644).value());
  }
};

TEST(Outstanding, there_are_none_until_some_session_makes_one) {
  Sessions sessions;
  const auto one = sessions.begin();
  const auto other = sessions.begin();
  EXPECT_TRUE(one->none_anywhere());
  sessions.make_placeholder(*other);
  EXPECT_FALSE(other->none_anywhere());
  EXPECT_FALSE(one->none_anywhere());
  EXPECT_FALSE(sessions.begin()->none_anywhere()) << "while that session lives";
}

TEST(Outstanding, there_are_none_again_when_every_session_is_over) {
  Sessions sessions;
  {
    const auto one = sessions.begin();
    sessions.make_placeholder(*one);
    one->remove_all();
    one->close();
  }
  EXPECT_TRUE(sessions.begin()->none_anywhere());
}

TEST(Outstanding, what_a_killed_session_left_counts_until_it_is_cleaned_up) {
  Sessions sessions;
  const auto before = sessions.begin();
  {
    const auto killed = sessions.begin();
    sessions.make_placeholder(*killed);
  }
  EXPECT_FALSE(before->none_anywhere());
  EXPECT_EQ(before->clean_up_after_others(), std::vector<std::string>{sessions.folder.path() + "/a.o"});
  EXPECT_TRUE(before->none_anywhere());
}

TEST(Outstanding, those_that_outlive_their_session_stay) {
  Sessions sessions;
  {
    const auto lazy = sessions.begin(Outstanding::Stay::Yes);
    EXPECT_TRUE(lazy->none_anywhere());
    sessions.make_placeholder(*lazy);
    lazy->close();
  }
  EXPECT_FALSE(sessions.begin()->none_anywhere());
}

// A session that ended with its machine: the journal has what was made to last, not the path written since.
void lose_power_in_a_session(const std::string& state, const std::string& boot, const std::string& folder) {
  base::make_directories(state + "/sessions");
  const std::string record = "search " + boot + " " + folder;
  base::write_file_atomically(state + "/sessions/1-abcdef.journal", {record.c_str(), record.size() + 1});
}

TEST(PowerLoss, placeholders_that_no_journal_names_any_more_are_searched_for) {
  const Sessions sessions;
  const std::string work = sessions.folder.path() + "/built";
  base::make_directories(work + "/deep/er");
  const std::string text = placeholder_text({object::hash("t"), "a.o"}).value();
  base::write_file_atomically(work + "/deep/er/a.o", text);
  base::write_file_atomically(work + "/deep/er/b.o", std::string(kPlaceholderBytes, 'b'));
  base::write_file_atomically(sessions.folder.path() + "/elsewhere.o", text);
  lose_power_in_a_session(sessions.state, "00000000-0000-0000-0000-000000000000", work);
  EXPECT_EQ(clean_up_after_dead_sessions(sessions.state).removed,
            std::vector<std::string>{work + "/deep/er/a.o"});
  EXPECT_TRUE(std::filesystem::is_empty(sessions.state + "/sessions"));
}

TEST(PowerLoss, nothing_is_searched_while_the_machine_stays_up) {
  Sessions sessions;
  const auto living = sessions.begin();
  living->works_in(sessions.folder.path() + "/built");
  base::make_directories(sessions.folder.path() + "/built");
  const std::string others = sessions.folder.path() + "/built/others.o";
  base::write_file_atomically(others, placeholder_text({object::hash("t"), "a.o"}).value());
  {
    const auto killed = sessions.begin();
    killed->works_in(sessions.folder.path() + "/built");
    EXPECT_TRUE(
        killed->write({object::hash("t"), "b.o"}, sessions.folder.path() + "/built/b.o", 0644).value());
  }
  EXPECT_EQ(living->clean_up_after_others(), std::vector<std::string>{sessions.folder.path() + "/built/b.o"});
  EXPECT_TRUE(base::read_file_if_there(others));
}

TEST(PowerLoss, a_session_makes_its_folder_last_once_before_its_first_placeholder) {
  Sessions sessions;
  const std::string work = base::real_path(sessions.folder.path()).value() + "/built";
  base::make_directories(work + "/a");
  base::make_directories(work + "/b");
  const auto session = sessions.begin();
  session->works_in(work);
  for (const char* path : {"/a/1.o", "/b/2.o", "/../3.o"}) {
    EXPECT_TRUE(session->write({object::hash("t"), "a.o"}, work + path, 0644).value());
  }
  std::vector<std::string> searched;
  for (const auto& journal : std::filesystem::directory_iterator(sessions.state + "/sessions")) {
    const std::string bytes = base::read_file(journal.path().string());
    for (size_t at = bytes.find("search "); at != std::string::npos; at = bytes.find("search ", at + 1)) {
      const std::string record = bytes.c_str() + at;
      searched.push_back(record.substr(record.rfind(' ') + 1));
    }
    EXPECT_EQ(bytes.rfind("search ", 0), 0U) << "before any path";
  }
  EXPECT_EQ(searched, (std::vector<std::string>{work, std::filesystem::path(work).parent_path().string()}));
}

TEST(Journal, a_path_that_the_full_disk_cut_short_spoils_no_other) {
  const base::TemporaryDirectory folder;
  const std::string dead = folder.path() + "/dead";
  base::write_file_atomically(dead, placeholder_text({object::hash("t"), "a.o"}).value());
  {
    Journal journal(folder.path());
    {
      const fake::FilesEndAt full(5);
      EXPECT_THROW(journal.record("/elsewhere"), base::SyscallError);
    }
    journal.record(dead);
  }
  EXPECT_EQ(clean_up_after_dead_sessions(folder.path()).removed, std::vector<std::string>{dead});
}

}  // namespace
}  // namespace intercept
