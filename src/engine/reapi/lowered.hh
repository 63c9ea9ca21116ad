#pragma once

#include "base/result.hh"
#include "ir/thunk.hh"
#include "object/store.hh"
#include "sched/engine.hh"

#include <map>
#include <string>

namespace engine {

template <class T>
using ReapiExpected = tl::expected<T, sched::AttemptFailure>;

// A concrete thunk as a server is asked for it.
struct Lowered {
  object::Digest action;      // in the store
  object::Digest command;     // likewise
  object::Digest input_root;  // likewise, with all below
  ir::Command words;

  bool operator==(const Lowered&) const = default;
};

// A thunk is an Action as it stands; `platform` is what the cluster wants to be told besides (and what the
// thunk itself says goes first). Objects that the store does not hold are `lost`. RetryElsewhere: only an
// exec::Runner can do what such a thunk asks for.
[[nodiscard]] ReapiExpected<Lowered> lower(object::Store& store, const object::Digest& thunk,
                                           const std::map<std::string, std::string>& platform);

}  // namespace engine
