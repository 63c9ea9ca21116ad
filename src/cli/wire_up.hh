#pragma once

#include "base/clock.hh"
#include "cli/settings.hh"
#include "object/refilling_store.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <memory>

// The one place that knows which adapter stands behind which port.
namespace cli {

// The local store with its records.
class Storage {
 public:
  // Throws base::OperatorError that says what is wrong with the directory and what to do.
  Storage(const Settings& settings, storage::Access access);

  [[nodiscard]] storage::LocalStore& store() { return *store_; }

  // The same store for whoever reads what has been put there from the user's files.
  [[nodiscard]] object::RefillingStore& refilling() { return refilling_; }

  [[nodiscard]] storage::LocalRecords& records() { return *records_; }

  [[nodiscard]] const base::Clock& clock() const { return clock_; }

 private:
  base::SystemClock clock_;
  std::unique_ptr<storage::LocalStore> store_;
  object::RefillingStore refilling_;
  std::unique_ptr<storage::LocalRecords> records_;
};

[[nodiscard]] std::unique_ptr<Storage> open_storage(const Settings& settings,
                                                    storage::Access access = storage::Access::ReadWrite);

// How many things run at once unless the user says otherwise.
[[nodiscard]] unsigned cores();

}  // namespace cli
