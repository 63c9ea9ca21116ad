#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "object/store.hh"
#include "storage/local/layout.hh"
#include "storage/local/store.hh"

#include <memory>
#include <optional>
#include <string>

namespace storage {

// Records in SQLite (records.sqlite in the store's directory; spec/store.md), shared by any number of threads
// and processes. Each record() is a transaction of its own in WAL mode: it survives the death of the process,
// and the database survives the loss of power, without an fsync per record.
//
// Each value carries a checksum of its table, key and bytes, since SQLite has none and a flipped bit in a
// memo would be a wrong output; a value that doesn't match is dropped, and counts as nothing recorded. A
// database that is damaged as such is moved to quarantine/ with a warning and started anew: what it knew can
// be found out again.
//
// Do not use one across fork() in the child.
class LocalRecords final : public object::Records {
 public:
  // As LocalStore::open; the same directory. ReadOnly: record() fails with RetryElsewhere, and what another
  // process has recorded but not yet checkpointed may go unseen.
  [[nodiscard]] static base::Result<std::unique_ptr<LocalRecords>> open(const std::string& directory,
                                                                        const base::Clock& clock, Warn warn,
                                                                        Access access = Access::ReadWrite);
  ~LocalRecords() override;

  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const object::Digest& key) override;
  [[nodiscard]] base::Result<void> record(std::string_view table, const object::Digest& key,
                                          std::string_view value) override;

  // For gc: forgets what was last found or recorded before `wall` and says how many that were.
  [[nodiscard]] base::Result<uint64_t> forget_unused_since(base::Nanoseconds wall);

  // For fsck: how many records there are, how many don't match their checksum, and SQLite's own findings.
  struct Health {
    uint64_t records = 0;
    uint64_t damaged = 0;
    std::string problem;  // empty: SQLite finds none
  };

  enum class Mend : uint8_t { No, Yes };

  // Yes: damaged records are dropped, a damaged database is set aside and started anew.
  [[nodiscard]] base::Result<Health> check(Mend mend);

 private:
  struct Database;

  LocalRecords(Layout layout, const base::Clock& clock, Warn warn, Access access);

  template <class Body>
  auto with_database(Body&& body) -> decltype(body(nullptr));
  template <class Body>
  auto as_result(Body&& body) -> decltype(body());

  void open_database(std::unique_ptr<Database>& database);
  void start_anew(std::unique_ptr<Database>& database, const std::string& why);
  bool is_still_damaged(std::unique_ptr<Database>& database);
  Health examine(Database& database, Mend mend);
  void report_damage(Database& database, std::string_view table, std::string_view key, std::string_view sum);

  Layout layout_;
  const base::Clock& clock_;
  Warn warn_;
  Access access_;
  base::Guarded<std::unique_ptr<Database>> database_;
};

}  // namespace storage
