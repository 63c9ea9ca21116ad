#pragma once

#include "engine/reapi/objects.hh"
#include "ir/thunk.hh"

#include <map>
#include <string>

namespace engine {

// How a cluster wants its actions.
struct Lowering {
  enum class Root {
    Servers,        // its workers make the input root the process's "/"
    ServersButTmp,  // the same, with a /tmp of their own: a tree with something there is refused
    Ours,           // they do not: gg-exec travels along, and does it
  };

  std::map<std::string, std::string> platform;  // what it wants to be told
  Root root = Root::Servers;
};

// A concrete thunk as a server is asked for it.
struct Lowered {
  object::Digest action;                       // in the store
  object::Digest command;                      // likewise
  object::Digest input_root;                   // likewise, with all below
  std::map<std::string, std::string> outputs;  // as the server names them, and as the thunk does

  bool operator==(const Lowered&) const = default;
};

// A thunk is an Action as it stands, unless the cluster wants more of it (what the thunk's own platform says
// goes first). Objects that the store does not hold are `lost`. RetryElsewhere: only an exec::Runner can do
// what such a thunk asks for.
[[nodiscard]] Attempted<Lowered> lower(object::Store& store, const object::Digest& thunk,
                                       const Lowering& lowering);

}  // namespace engine
