#include "cli/wire_up.hh"

#include "base/errors.hh"
#include "cli/say.hh"

#include <algorithm>
#include <thread>

namespace cli {

Storage::Storage(const Settings& settings, storage::Access access)
    : store_(base::value_or_throw(storage::LocalStore::open(settings.store, clock_, say, access))),
      refilling_(*store_),
      records_(base::value_or_throw(storage::LocalRecords::open(settings.store, clock_, say, access))) {}

std::unique_ptr<Storage> open_storage(const Settings& settings, storage::Access access) {
  return std::make_unique<Storage>(settings, access);
}

unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace cli
