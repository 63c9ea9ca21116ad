#include "model/file_view.hh"

#include "base/files.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <functional>
#include <string>

namespace model {
namespace {

// A clock that is set, and jumps when the test says so. It is asked just before a file is read: what happens
// then happens between the first look and the reading.
class SetClock final : public base::Clock {
 public:
  base::Nanoseconds wall() const override {
    ++reads;
    if (before_read) {
      before_read(reads);
    }
    return now_;
  }

  base::Nanoseconds steady() const override { return now_; }

  void set(base::Nanoseconds now) { now_ = now; }

  mutable int reads = 0;
  std::function<void(int read)> before_read;

 private:
  base::Nanoseconds now_{0};
};

class FileViewTest : public ::testing::Test {
 protected:
  // In place, as an editor or a generator that appends does it; a rename would give another inode.
  void write(const std::string& name, const std::string& bytes) const {
    const int fd = ::open(path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::close(fd);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  [[nodiscard]] scan::Identity identity(const std::string& name) const {
    struct stat status {};

    EXPECT_EQ(::stat(path(name).c_str(), &status), 0);
    return scan::identity_of(status);
  }

  [[nodiscard]] std::string seen(const std::string& name) {
    const auto entry = view_.at(path(name));
    if (!entry) {
      return entry.error().message;
    }
    const object::Digest digest = std::get<object::File>(**entry).digest;
    EXPECT_TRUE(view_.keep(digest, path(name)).value());
    return store_.get(digest).value().value();
  }

  // As far from the time of the file's last change.
  void set_clock(const std::string& name, std::chrono::seconds away) {
    clock_.set(base::Nanoseconds(identity(name).ctime) + away);
  }

  base::TemporaryDirectory folder_;
  SetClock clock_;
  object::MemoryStore store_;
  object::MemoryRecords records_;
  FileView view_{store_, records_, clock_, "", {}};
};

TEST_F(FileViewTest, a_file_that_changes_while_it_is_read_is_read_again) {
  write("a.c", "first");
  clock_.before_read = [&](int read) {
    if (read == 1) {
      write("a.c", "second, longer");
    }
  };
  const auto found = view_.see(path("a.c"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(std::get<object::File>((*found)->entry).digest, object::hash("second, longer"));
  EXPECT_EQ((*found)->identity, identity("a.c"));
  EXPECT_EQ(clock_.reads, 2);
}

TEST_F(FileViewTest, a_file_that_is_replaced_by_another_kind_is_looked_at_anew) {
  const object::Promise promise{object::hash("thunk"), "a.o"};
  FileView view(store_, records_, clock_, "", [&](const std::string&, const struct stat& status) {
    return status.st_size == 11 ? std::optional(promise) : std::nullopt;
  });
  const auto see_replaced = [&](const std::string& name, const std::function<void()>& replace) {
    write(name, "first");
    clock_.reads = 0;
    clock_.before_read = [&](int read) {
      if (read == 1) {
        replace();
      }
    };
    return view.at(path(name));
  };
  const auto promised = see_replaced("a.o", [&] { write("a.o", "placeholder"); });
  EXPECT_EQ(std::get<object::Promise>(promised.value().value()), promise);
  const auto run = see_replaced("run", [&] { ::chmod(path("run").c_str(), 0755); });
  EXPECT_TRUE(std::get<object::File>(run.value().value()).executable);
  const auto gone = see_replaced("gone", [&] { ::unlink(path("gone").c_str()); });
  EXPECT_FALSE(gone.value().has_value());
  const auto link = see_replaced("link", [&] {
    ::unlink(path("link").c_str());
    ::symlink("run", path("link").c_str());
  });
  EXPECT_EQ(std::get<object::Symlink>(link.value().value()).target, "run");
  const auto fifo = see_replaced("fifo", [&] {
    ::unlink(path("fifo").c_str());
    ::mkfifo(path("fifo").c_str(), 0644);
  });
  EXPECT_NE(fifo.error().message.find("FIFO"), std::string::npos);
}

TEST_F(FileViewTest, a_file_that_never_holds_still_is_no_input) {
  write("a.c", "");
  clock_.before_read = [&](int read) { write("a.c", std::string(static_cast<size_t>(read), 'x')); };
  EXPECT_NE(seen("a.c").find("kept changing"), std::string::npos);
}

TEST_F(FileViewTest, what_has_settled_is_read_once) {
  write("a.c", "text");
  set_clock("a.c", std::chrono::seconds(1));
  EXPECT_EQ(seen("a.c"), "text");
  EXPECT_EQ(seen("a.c"), "text");
  EXPECT_EQ(clock_.reads, 1);
}

TEST_F(FileViewTest, a_clock_that_jumps_back_costs_reading_and_never_gives_stale_bytes) {
  write("a.c", "one");
  set_clock("a.c", std::chrono::seconds(1));
  EXPECT_EQ(seen("a.c"), "one");
  set_clock("a.c", -std::chrono::hours(1));  // the file is of the future now
  write("a.c", "two");
  EXPECT_EQ(seen("a.c"), "two");
  EXPECT_EQ(seen("a.c"), "two");
  EXPECT_EQ(clock_.reads, 3) << "what is of the future is not trusted";
}

TEST_F(FileViewTest, times_that_are_set_back_do_not_hide_a_change) {
  write("a.c", "one");
  const std::array<timespec, 2> long_ago{timespec{1'000'000, 0}, timespec{1'000'000, 0}};
  ::utimensat(AT_FDCWD, path("a.c").c_str(), long_ago.data(), 0);
  set_clock("a.c", std::chrono::hours(1));
  EXPECT_EQ(seen("a.c"), "one");
  const scan::Identity before = identity("a.c");
  // Until the kernel's clock has ticked, nothing would tell: which is why what is fresh is not trusted.
  while (identity("a.c").ctime == before.ctime) {
    write("a.c", "two");
    ::utimensat(AT_FDCWD, path("a.c").c_str(), long_ago.data(), 0);
  }
  EXPECT_EQ(identity("a.c").mtime, before.mtime);
  EXPECT_EQ(identity("a.c").size, before.size);
  EXPECT_EQ(seen("a.c"), "two");
}

// Records that tell how often they were written to.
class CountedRecords final : public object::Records {
 public:
  base::Result<std::optional<std::string>> find(std::string_view table, const object::Digest& key) override {
    return records_.find(table, key);
  }

  base::Result<void> record(std::string_view table, const object::Digest& key,
                            std::string_view value) override {
    ++writes;
    return records_.record(table, key, value);
  }

  int writes = 0;

 private:
  object::MemoryRecords records_;
};

TEST_F(FileViewTest, what_was_hashed_is_known_to_the_next_and_written_down_once) {
  CountedRecords records;
  write("a.c", "one");
  set_clock("a.c", std::chrono::seconds(1));
  for (int process = 0; process < 3; ++process) {
    FileView view(store_, records, clock_, "", {});
    EXPECT_TRUE(view.at(path("a.c")).value().has_value());
  }
  EXPECT_EQ(clock_.reads, 1);
  EXPECT_EQ(records.writes, 1);
}

TEST_F(FileViewTest, views_that_learn_at_once_keep_what_each_learnt) {
  write("a.c", "one");
  write("b.c", "two");
  set_clock("b.c", std::chrono::seconds(1));
  const auto look_from_within = [&](const std::string& name, const std::function<void()>& meanwhile) {
    FileView view(store_, records_, clock_, "", {});
    EXPECT_TRUE(view.at(path(name)).value().has_value());
    meanwhile();
  };
  look_from_within("a.c", [&] { look_from_within("b.c", [] {}); });
  EXPECT_EQ(clock_.reads, 2);
  for (const char* const name : {"a.c", "b.c"}) {
    look_from_within(name, [] {});
  }
  EXPECT_EQ(clock_.reads, 2);
}

TEST_F(FileViewTest, what_the_store_lost_comes_again_from_any_file_that_was_seen_to_hold_it) {
  const object::Digest digest = object::hash("same");
  for (const char* const name : {"a.h", "b.h", "c.h"}) {
    write(name, "same");
    EXPECT_EQ(seen(name), "same");
  }
  for (const char* const changed : {"c.h", "a.h"}) {
    write(changed, "other");
    store_.forget(digest);
    EXPECT_TRUE(view_.put_again(digest)) << changed;
    EXPECT_EQ(store_.get(digest).value(), "same");
  }
  write("b.h", "other");
  store_.forget(digest);
  EXPECT_FALSE(view_.put_again(digest));
}

}  // namespace
}  // namespace model
