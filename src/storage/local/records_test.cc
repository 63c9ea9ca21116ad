#include "storage/local/records.hh"

#include "storage/local/sqlite.hh"
#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

#include <sqlite3.h>

#include <thread>

namespace storage {
namespace {

using object::Digest;

Digest key(int number) {
  return object::hash(std::to_string(number));
}

class LocalRecordsTest : public StoreTest {
 protected:
  [[nodiscard]] std::string database() const { return Layout{path()}.records(); }

  // Past our checksum, as a disk or a cosmic ray would.
  void run_sql(const std::string& sql) {
    Connection connection(database(), SQLITE_OPEN_READWRITE, 5000);
    connection.run(sql);
  }
};

TEST_F(LocalRecordsTest, what_was_recorded_is_found_also_by_the_next_process) {
  const std::string bytes("a\0b\xFF", 4);
  {
    const auto records = open_records();
    EXPECT_EQ(records->find("memo", key(1)).value(), std::nullopt);
    ASSERT_TRUE(records->record("memo", key(1), bytes));
    ASSERT_TRUE(records->record("memo", key(2), ""));
    EXPECT_EQ(records->find("memo", key(1)).value(), bytes);
  }
  const auto records = open_records();
  EXPECT_EQ(records->find("memo", key(1)).value(), bytes);
  EXPECT_EQ(records->find("memo", key(2)).value(), "");
}

TEST_F(LocalRecordsTest, tables_and_sizes_are_part_of_the_name_and_a_new_value_replaces) {
  const auto records = open_records();
  ASSERT_TRUE(records->record("memo", key(1), "old"));
  ASSERT_TRUE(records->record("memo", key(1), "new"));
  ASSERT_TRUE(records->record("footprint", key(1), "other"));
  EXPECT_EQ(records->find("memo", key(1)).value(), "new");
  EXPECT_EQ(records->find("footprint", key(1)).value(), "other");
  EXPECT_EQ(records->find("memo", Digest(key(1).hash(), 999)).value(), std::nullopt);
}

TEST_F(LocalRecordsTest, one_process_sees_at_once_what_another_has_recorded) {
  const auto one = open_records();
  const auto two = open_records();
  ASSERT_TRUE(one->record("memo", key(1), "v"));
  EXPECT_EQ(two->find("memo", key(1)).value(), "v");
}

TEST_F(LocalRecordsTest, a_record_survives_the_kill_of_its_process) {
  const int status = in_child([&]() -> int {
    const auto records = open_records();
    (void)records->record("memo", key(1), "v");
    return ::raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(open_records()->find("memo", key(1)).value(), "v");
}

TEST_F(LocalRecordsTest, many_threads_may_use_one_connection) {
  const auto records = open_records();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(records->record("memo", key(thread * 100 + i), std::to_string(i)));
        EXPECT_EQ(records->find("memo", key(thread * 100 + i)).value(), std::to_string(i));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(LocalRecordsTest, a_flipped_bit_in_a_value_is_never_handed_out) {
  const auto records = open_records();
  ASSERT_TRUE(records->record("memo", key(1), "value"));
  ASSERT_TRUE(records->record("memo", key(2), "sound"));
  run_sql("UPDATE record SET value = 'valuf' WHERE value = CAST('value' AS BLOB)");
  EXPECT_EQ(records->find("memo", key(1)).value(), std::nullopt);
  EXPECT_EQ(records->find("memo", key(2)).value(), "sound");
  EXPECT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(records->check(LocalRecords::Mend::No).value().records, 1U) << "the damaged one was not dropped";
}

TEST_F(LocalRecordsTest, a_file_that_is_no_database_is_set_aside_with_a_warning_and_begun_anew) {
  (void)open();
  base::write_file_atomically(database(), std::string(8192, 'x'));
  const auto records = open_records();
  ASSERT_TRUE(records->record("memo", key(1), "v"));
  EXPECT_EQ(records->find("memo", key(1)).value(), "v");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("quarantine/records.sqlite."), std::string::npos) << warnings_[0];
  EXPECT_EQ(names_in(Layout{path()}.quarantine()).size(), 1U);
}

TEST_F(LocalRecordsTest, damage_that_shows_up_while_open_is_survived) {
  {
    const auto records = open_records();
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(records->record("memo", key(i), std::string(100, 'v')));
    }
  }
  const auto records = open_records();
  ASSERT_TRUE(records->find("memo", key(0)));
  {
    // Every page but the first, which has been read and is fine.
    const base::UniqueFd fd(::open(database().c_str(), O_WRONLY | O_CLOEXEC));
    ::lseek(fd.get(), 4096, SEEK_SET);
    base::write_all(fd.get(), std::string(300'000, '\x55'), database());
  }
  for (int i = 0; i < 2000; ++i) {
    const auto found = records->find("memo", key(i));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(!*found || **found == std::string(100, 'v'));
  }
  EXPECT_FALSE(warnings_.empty());
  ASSERT_TRUE(records->record("memo", key(1), "v"));
  EXPECT_EQ(records->find("memo", key(1)).value(), "v");
  EXPECT_EQ(records->check(LocalRecords::Mend::No).value().problem, "");
}

TEST_F(LocalRecordsTest, two_that_find_the_same_damage_set_it_aside_once) {
  (void)open();
  base::write_file_atomically(database(), std::string(8192, 'x'));
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int code = 1;
      {
        const auto records = LocalRecords::open(path(), clock_, {});
        code = records && (*records)->record("memo", key(i), "v") ? 0 : 1;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto records = open_records();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(records->find("memo", key(i)).value(), "v") << i;
  }
  EXPECT_EQ(names_in(Layout{path()}.quarantine()).size(), 1U);
}

TEST_F(LocalRecordsTest, a_store_removed_under_an_open_database_is_begun_anew) {
  const auto records = open_records();
  ASSERT_TRUE(records->record("memo", key(1), "v"));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    ::unlink((database() + suffix).c_str());
  }
  const auto recorded = records->record("memo", key(2), "w");
  ASSERT_TRUE(recorded) << recorded.error().message;
  EXPECT_EQ(open_records()->check(LocalRecords::Mend::No).value().problem, "");
}

TEST_F(LocalRecordsTest, records_of_a_newer_gg_are_refused_with_what_to_do) {
  (void)open_records();
  run_sql("PRAGMA user_version = 2");
  for (const Access access : {Access::ReadWrite, Access::ReadOnly}) {
    const auto opened = LocalRecords::open(path(), clock_, warn(), access);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("version 2"), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find("XDG_CACHE_HOME"), std::string::npos) << opened.error().message;
  }
}

TEST_F(LocalRecordsTest, a_reader_finds_and_does_not_write) {
  ASSERT_TRUE(open_records()->record("memo", key(1), "v"));
  const auto reader = open_records(Access::ReadOnly);
  EXPECT_EQ(reader->find("memo", key(1)).value(), "v");
  const auto recorded = reader->record("memo", key(1), "w");
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().kind, base::FailureKind::RetryElsewhere);
}

TEST_F(LocalRecordsTest, a_reader_of_a_store_without_records_finds_nothing) {
  (void)open();
  EXPECT_EQ(open_records(Access::ReadOnly)->find("memo", key(1)).value(), std::nullopt);
  EXPECT_EQ(::access(database().c_str(), F_OK), -1);
}

TEST_F(LocalRecordsTest, what_was_found_lately_is_not_forgotten) {
  const auto records = open_records();
  ASSERT_TRUE(records->record("memo", key(1), "v"));
  ASSERT_TRUE(records->record("memo", key(2), "v"));
  clock_.now += std::chrono::hours(3);
  ASSERT_TRUE(records->find("memo", key(2)));
  EXPECT_EQ(records->forget_unused_since(clock_.now - std::chrono::hours(1)).value(), 1U);
  EXPECT_EQ(records->find("memo", key(1)).value(), std::nullopt);
  EXPECT_EQ(records->find("memo", key(2)).value(), "v");
}

}  // namespace
}  // namespace storage
