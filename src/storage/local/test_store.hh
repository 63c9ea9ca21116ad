#pragma once

#include "base/errors.hh"
#include "base/files.hh"
#include "object/hash.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

// What the tests of this folder share.
namespace storage {

class HeldClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return now; }

  [[nodiscard]] base::Nanoseconds wall() const override { return now; }

  base::Nanoseconds now = base::SystemClock().wall();
};

class StoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<LocalStore> open(Access access = Access::ReadWrite) {
    auto store = LocalStore::open(path(), clock_, warn(), access);
    if (!store) {
      throw base::OperatorError(store.error().message);
    }
    return std::move(*store);
  }

  [[nodiscard]] std::unique_ptr<LocalRecords> open_records(Access access = Access::ReadWrite) {
    auto records = LocalRecords::open(path(), clock_, warn(), access);
    if (!records) {
      throw base::OperatorError(records.error().message);
    }
    return std::move(*records);
  }

  [[nodiscard]] Warn warn() {
    return [this](const std::string& message) { warnings_.push_back(message); };
  }

  [[nodiscard]] std::string path() const { return folder_.path() + "/store"; }

  [[nodiscard]] std::string outside(const std::string& name) const { return folder_.path() + "/" + name; }

  [[nodiscard]] std::string object_path(const object::Digest& digest) const {
    return Layout{path()}.object(digest);
  }

  [[nodiscard]] std::string twin_path(const object::Digest& digest) const {
    return Layout{path()}.twin(digest);
  }

  base::TemporaryDirectory folder_;
  HeldClock clock_;
  std::vector<std::string> warnings_;
};

inline struct stat status_of(const std::string& path) {
  struct stat status {};

  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

inline mode_t mode_of(const std::string& path) {
  return status_of(path).st_mode & 07777U;
}

// As a disk or a careless process would: the inode stays, the times too if so told.
enum class Times : uint8_t { Moved, Kept };

inline void flip_a_bit(const std::string& path, Times times) {
  const struct stat before = status_of(path);
  ::chmod(path.c_str(), 0600);
  std::string bytes = base::read_file(path);
  bytes.at(bytes.size() / 2) ^= 1;
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  base::write_all(fd.get(), bytes, path);
  ::fchmod(fd.get(), before.st_mode & 07777U);
  if (times == Times::Kept) {
    const timespec stamps[2] = {before.st_atim, before.st_mtim};
    ::futimens(fd.get(), stamps);
  }
}

// Runs `body` in a process of its own (as `user` if not 0) and returns its wait status. The body must open
// its own stores; its failed expectations don't reach us, so it says how it went by its exit code.
template <class Body>
int in_child(const Body& body, uid_t user = 0) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (user != 0 && (::setgid(user) != 0 || ::setuid(user) != 0)) {
      ::_exit(99);
    }
    int code = 98;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace storage
