#pragma once

#include "base/still_wanted.hh"
#include "exec/failure.hh"
#include "net/http.hh"
#include "object/store.hh"
#include "storage/remote/flights.hh"
#include "storage/s3/lent_packs.hh"
#include "wire/message.hh"

namespace worker {

// Brings what invocations name into the worker's cache: level by level of the tree, each level's directories
// at once, and all files together. Any thread.
class Inputs {
 public:
  // Outlives it.
  explicit Inputs(net::HttpClient& http) : http_(http) {}

  // Everything that the invocation's thunk needs is in `store` afterwards, each object checked against its
  // name. Else `lost` are those that no pack had.
  [[nodiscard]] exec::Expected<void> bring(const wire::Invocation& invocation, object::Store& store,
                                           const base::StillWanted& wanted);

 private:
  net::HttpClient& http_;
  storage::PackIndexes indexes_;
  storage::Flights flights_;
};

}  // namespace worker
