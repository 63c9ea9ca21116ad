#include "storage/local/fsck.hh"
#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

#include <csignal>

namespace storage {
namespace {

using object::Digest;
using ManyProcesses = StoreTest;

std::string object_number(int number) {
  return "object " + std::to_string(number) + std::string(static_cast<size_t>(number % 7) * 1000, 'x');
}

// Processes that begin together: each reads from the pipe until we close it.
class StartingGun {
 public:
  StartingGun() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }

  ~StartingGun() { ::close(ends_[0]); }

  void wait() {
    ::close(ends_[1]);
    char byte = 0;
    (void)!::read(ends_[0], &byte, 1);
  }

  void fire() { ::close(ends_[1]); }

 private:
  int ends_[2] = {-1, -1};
};

template <class Body>
pid_t start_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(body());
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(ManyProcesses, that_put_the_same_thousand_objects_at_once_all_succeed) {
  StartingGun gun;
  std::vector<pid_t> children;
  for (int child = 0; child < 2; ++child) {
    children.push_back(start_child([&] {
      gun.wait();
      const auto store = LocalStore::open(path(), clock_, {});
      for (int i = 0; store && i < 1000; ++i) {
        const auto put = (*store)->put(object_number(i));
        if (!put || (*store)->get(*put).value() != object_number(i)) {
          return 1;
        }
      }
      return store ? 0 : 1;
    }));
  }
  gun.fire();
  for (const pid_t child : children) {
    EXPECT_EQ(wait_for(child), 0);
  }
  const FsckReport report = check_store(*open(), *open_records(), Repair::No).value();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.objects, 1000U);
  EXPECT_TRUE(report.temporaries.empty());
}

TEST_F(ManyProcesses, that_open_a_new_store_at_once_all_succeed) {
  StartingGun gun;
  std::vector<pid_t> children;
  for (int child = 0; child < 8; ++child) {
    children.push_back(start_child([&] {
      gun.wait();
      const auto store = LocalStore::open(path(), clock_, {});
      const auto records = LocalRecords::open(path(), clock_, {});
      const bool fine = store && records && (*records)->record("memo", object::hash("x"), "v");
      return fine ? 0 : 1;
    }));
  }
  gun.fire();
  for (const pid_t child : children) {
    EXPECT_EQ(wait_for(child), 0);
  }
}

TEST_F(ManyProcesses, killed_while_writing_leave_a_store_that_passes_fsck) {
  const int big = 64;
  for (int round = 0; round < 30; ++round) {
    int progress[2];
    ASSERT_EQ(::pipe2(progress, O_CLOEXEC), 0);
    const pid_t child = start_child([&] {
      const auto store = LocalStore::open(path(), clock_, {});
      const auto records = LocalRecords::open(path(), clock_, {});
      for (int i = 0; store && records; ++i) {
        const std::string bytes =
            std::to_string(round) + object_number(i) + std::string(i % 3 ? 0 : big * 1024, 'b');
        const auto put = (*store)->put(bytes);
        if (!put || !(*records)->record("memo", *put, bytes)) {
          return 1;
        }
        (void)!::write(progress[1], "", 1);
      }
      return 1;
    });
    ::close(progress[1]);
    char byte = 0;
    for (int i = 0; i <= round % 5; ++i) {  // killed at another point of its work each time
      ASSERT_EQ(::read(progress[0], &byte, 1), 1);
    }
    ::kill(child, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
    ::close(progress[0]);
  }
  const auto store = open();
  const auto records = open_records();
  const FsckReport report = check_store(*store, *records, Repair::Yes).value();
  EXPECT_TRUE(report.is_sound()) << report.records.problem;
  EXPECT_GE(report.objects, 30U) << "what was acknowledged is there";
  EXPECT_GE(report.records.records, 30U);
  EXPECT_EQ(names_in(Layout{path()}.temporaries()).size(), 1U) << "this session's lock alone is left";
  EXPECT_TRUE(warnings_.empty());
}

}  // namespace
}  // namespace storage
