#include "cli/wire_up.hh"

#include "base/errors.hh"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace cli {

namespace {

void warn(const std::string& message) {
  fmt::print(stderr, "gg: {}\n", message);
}

template <class T>
T value_or_throw(base::Result<T> result) {
  if (!result) {
    throw base::OperatorError(result.error().message);
  }
  return *std::move(result);
}

}  // namespace

Storage::Storage(const Settings& settings, storage::Access access)
    : store_(value_or_throw(storage::LocalStore::open(settings.store, clock_, warn, access))),
      refilling_(*store_),
      records_(value_or_throw(storage::LocalRecords::open(settings.store, clock_, warn, access))) {}

std::unique_ptr<Storage> open_storage(const Settings& settings, storage::Access access) {
  return std::make_unique<Storage>(settings, access);
}

unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace cli
