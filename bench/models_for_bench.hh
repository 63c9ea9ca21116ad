#pragma once

#include "base/clock.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "model/file_view.hh"
#include "model/gnu_models.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <chrono>
#include <memory>

namespace bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

// An empty store in a temporary directory, removed at the end.
struct Place {
  const base::TemporaryDirectory space{"/tmp", "gg-bench-"};
  const base::SystemClock clock;
  const std::unique_ptr<storage::LocalStore> store =
      base::value_or_throw(storage::LocalStore::open(space.path() + "/store", clock, nullptr));
  const std::unique_ptr<storage::LocalRecords> records =
      base::value_or_throw(storage::LocalRecords::open(space.path() + "/store", clock, nullptr));
};

// An inference server at that place, as it is when it has just started.
struct Server {
  explicit Server(Place& place)
      : view(*place.store, *place.records, place.clock, "", nullptr),
        models(view, *place.store, *place.records) {}

  model::FileView view;
  model::GnuModels models;
};

}  // namespace bench
