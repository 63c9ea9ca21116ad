#include "storage/local/fsck.hh"
#include "storage/local/store.hh"
#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

// Disks that are full, stores that are another's, and the like: what the operator is told, and what is left.
namespace storage {
namespace {

using base::FailureKind;
using object::Digest;
using Placing = object::FileStore::Placing;

constexpr uid_t kNobody = 65534;

class StoreFailures : public StoreTest {
 protected:
  // Whoever runs the tests, this is not root: root may write everywhere.
  template <class Body>
  void as_ordinary_user(const Body& body) {
    ::chmod(folder_.path().c_str(), 0755);
    const int status = in_child([&] { return body() && !testing::Test::HasFailure() ? 0 : 1; },
                                ::geteuid() == 0 ? kNobody : 0);
    EXPECT_EQ(status, 0) << "see above what the child said";
  }

  // A store that the ordinary user owns.
  void give_away() {
    if (::geteuid() != 0) {
      return;
    }
    const int status = in_child([&] { return ::chown(folder_.path().c_str(), kNobody, kNobody); });
    ASSERT_EQ(status, 0);
  }
};

bool says(const base::Error& error, const std::string& part) {
  EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  return error.message.find(part) != std::string::npos;
}

TEST_F(StoreFailures, a_limit_on_file_sizes_is_retried_elsewhere_and_leaves_no_temporary) {
  const int status = in_child([&] {
    const auto store = open();
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto put = store->put(std::string(100'000, 'x'));
    EXPECT_FALSE(put);
    EXPECT_EQ(put.error().kind, FailureKind::RetryElsewhere);
    EXPECT_TRUE(says(put.error(), path()));
    EXPECT_EQ(names_in(Layout{path()}.temporaries()).size(), 1U) << "more than the session's lock";
    EXPECT_TRUE(store->put("small"));
    return testing::Test::HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(StoreFailures, a_full_disk_is_retried_elsewhere_says_what_to_do_and_leaves_no_temporary) {
  const std::string disk = outside("disk");
  base::make_directories(disk);
  const int status = in_child([&]() -> int {
    // A mount of our own, that goes with this process.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0) {
      return 77;
    }
    const auto store = LocalStore::open(disk + "/store", clock_, warn()).value();
    const auto records = LocalRecords::open(disk + "/store", clock_, warn()).value();
    const Digest held = store->put("held").value();
    const std::string large(3'000'000, 'x');
    base::write_file_atomically(outside("large"), large);
    const base::UniqueFd fd(::open(outside("large").c_str(), O_RDONLY | O_CLOEXEC));
    for (const auto& put : {store->put(large), store->put_file(fd.get(), "large", {})}) {
      EXPECT_FALSE(put);
      EXPECT_EQ(put.error().kind, FailureKind::RetryElsewhere);
      EXPECT_TRUE(says(put.error(), "gg gc --size"));
      EXPECT_TRUE(says(put.error(), disk + "/store"));
    }
    EXPECT_EQ(names_in(disk + "/store/tmp").size(), 1U);
    base::Result<void> recorded;
    for (int i = 0; i < 100 && recorded; ++i) {
      recorded = records->record("memo", object::hash(std::to_string(i)), std::string(100'000, 'r'));
    }
    EXPECT_FALSE(recorded);
    EXPECT_EQ(recorded.error().kind, FailureKind::RetryElsewhere);
    EXPECT_TRUE(says(recorded.error(), "gg gc --size"));
    EXPECT_EQ(store->get(held).value(), "held");
    EXPECT_EQ(records->check(LocalRecords::Mend::No).value().problem, "");
    // The target may lie on a full disk, too.
    const Digest object = open()->put(large).value();
    const auto placed = open()->place(object, false, disk + "/target", Placing::Copy);
    EXPECT_FALSE(placed);
    EXPECT_TRUE(says(placed.error(), disk + "/target"));
    EXPECT_EQ(::access((disk + "/target").c_str(), F_OK), -1);
    return testing::Test::HasFailure() ? 1 : 0;
  });
  if (WEXITSTATUS(status) == 77) {
    ASSERT_EQ(::getenv("CI"), nullptr) << "continuous integration must let this test mount a tmpfs";
    GTEST_SKIP() << "a small disk can't be mounted by this user; a limit on file sizes stands in above";
  }
  EXPECT_EQ(status, 0);
}

TEST_F(StoreFailures, a_store_of_another_user_is_refused_with_his_number) {
  as_ordinary_user([&] {
    const auto opened = LocalStore::open("/usr", clock_, {});
    EXPECT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, FailureKind::RetryElsewhere);
    return says(opened.error(), "belongs to user 0") && says(opened.error(), "XDG_CACHE_HOME");
  });
}

TEST_F(StoreFailures, root_is_refused_too_since_the_owner_could_not_remove_what_it_leaves) {
  base::make_directories(path());
  constexpr uid_t kSomeoneElse = kNobody - 1;
  if (::chown(path().c_str(), kSomeoneElse, kSomeoneElse) != 0) {
    ASSERT_EQ(errno, EPERM);
    return;  // an ordinary user's test is the one above
  }
  const auto opened = LocalStore::open(path(), clock_, {});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(says(opened.error(), "belongs to user 65533"));
  EXPECT_TRUE(names_in(path()).empty()) << "something was written before the owner was looked at";
}

TEST_F(StoreFailures, a_directory_that_can_not_be_made_is_an_error_that_names_it) {
  give_away();
  ::chmod(folder_.path().c_str(), 0555);
  as_ordinary_user([&] {
    ::chmod(folder_.path().c_str(), 0555);
    const auto opened = LocalStore::open(path(), clock_, {});
    EXPECT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, FailureKind::RetryElsewhere);
    return says(opened.error(), path());
  });
  ::chmod(folder_.path().c_str(), 0755);
}

TEST_F(StoreFailures, a_store_without_leave_to_write_is_refused_for_writing_and_fine_for_reading) {
  give_away();
  as_ordinary_user([&] {
    const Digest digest = open()->put("x").value();
    EXPECT_TRUE(open_records()->record("memo", digest, "v"));
    for (const std::string& name : names_in(path())) {
      ::chmod((path() + "/" + name).c_str(), name == "VERSION" ? 0444 : 0555);
    }
    ::chmod((path() + "/records.sqlite").c_str(), 0444);
    ::chmod(path().c_str(), 0555);
    const auto refused = LocalStore::open(path(), clock_, {});
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::RetryElsewhere);
    EXPECT_TRUE(says(refused.error(), "writable"));
    {
      const auto store = open(Access::ReadOnly);
      EXPECT_EQ(store->get(digest).value(), "x");
      EXPECT_TRUE(store->missing(std::vector{digest}).value().empty());
      EXPECT_TRUE(store->place(digest, true, outside("run"), Placing::HardLink).value());
      EXPECT_EQ(mode_of(outside("run")), 0555U);
      const auto put = store->put("y");
      EXPECT_FALSE(put);
      EXPECT_EQ(put.error().kind, FailureKind::RetryElsewhere);
      EXPECT_EQ(open_records(Access::ReadOnly)->find("memo", digest).value(), "v");
    }
    for (const std::string& name : names_in(path())) {
      ::chmod((path() + "/" + name).c_str(), 0755);
    }
    ::chmod(path().c_str(), 0755);
    return true;
  });
}

TEST_F(StoreFailures, reading_only_changes_nothing_even_about_a_damaged_object) {
  const Digest digest = open()->put("x").value();
  flip_a_bit(object_path(digest), Times::Moved);
  const auto store = open(Access::ReadOnly);
  EXPECT_EQ(store->get(digest).value(), std::nullopt);
  EXPECT_EQ(store->place(digest, false, outside("f"), Placing::HardLink).value(), false);
  EXPECT_EQ(::access(object_path(digest).c_str(), F_OK), 0);
  EXPECT_EQ(warnings_.size(), 2U);
}

TEST_F(StoreFailures, a_newer_layout_is_refused_by_number_and_with_what_to_do) {
  (void)open();
  base::write_file_atomically(path() + "/VERSION", "gg store 2\n");
  for (const Access access : {Access::ReadWrite, Access::ReadOnly}) {
    const auto opened = LocalStore::open(path(), clock_, {}, access);
    ASSERT_FALSE(opened);
    EXPECT_TRUE(says(opened.error(), "layout 2"));
    EXPECT_TRUE(says(opened.error(), "XDG_CACHE_HOME"));
  }
}

TEST_F(StoreFailures, a_version_that_makes_no_sense_is_refused) {
  (void)open();
  for (const char* text :
       {"", "gg store", "gg store \n", "gg store 1x\n", "gg store 1", "hello\n", "gg store -1\n"}) {
    base::write_file_atomically(path() + "/VERSION", text);
    const auto opened = LocalStore::open(path(), clock_, {});
    ASSERT_FALSE(opened) << text;
    EXPECT_TRUE(says(opened.error(), "VERSION"));
  }
}

TEST_F(StoreFailures, a_store_that_anyone_may_write_to_is_refused) {
  (void)open();
  ::chmod(path().c_str(), 0777);
  const auto opened = LocalStore::open(path(), clock_, {});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(says(opened.error(), "chmod o-w"));
}

TEST_F(StoreFailures, a_part_that_is_a_symlink_is_refused_but_the_whole_may_be_one) {
  base::make_directories(outside("elsewhere"));
  ASSERT_EQ(::symlink(outside("elsewhere").c_str(), path().c_str()), 0);
  EXPECT_EQ(open()->put("x").value(), object::hash("x"));
  ASSERT_EQ(::rename((path() + "/objects").c_str(), outside("moved").c_str()), 0);
  ASSERT_EQ(::symlink(outside("moved").c_str(), (path() + "/objects").c_str()), 0);
  const auto opened = LocalStore::open(path(), clock_, {});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(says(opened.error(), "objects"));
}

TEST_F(StoreFailures, a_store_that_is_a_file_is_refused) {
  base::write_file_atomically(path(), "x");
  const auto opened = LocalStore::open(path(), clock_, {});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(says(opened.error(), path()));
}

TEST_F(StoreFailures, what_is_no_regular_file_is_not_put) {
  const auto store = open();
  const base::UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto put = store->put_file(fd.get(), "/dev/null", {});
  ASSERT_FALSE(put);
  EXPECT_TRUE(says(put.error(), "/dev/null"));
}

}  // namespace
}  // namespace storage
