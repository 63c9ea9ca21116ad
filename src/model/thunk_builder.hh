#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "model/model.hh"
#include "object/store.hh"

#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace model {

// The full functional footprint of one command: what it runs, reads and writes. Paths are absolute but for
// what stands in `arguments`, and may hold symlinks and "..".
struct Footprint {
  std::vector<std::string> arguments;  // argv[0] is the program
  std::map<std::string, std::string> environment;
  std::string working_directory;         // absolute, a real path
  std::vector<std::string> inputs;       // each must be there
  std::vector<std::string> directories;  // made (empty) if they are there on the user's machine
  std::vector<std::pair<std::string, object::Entry>> given;  // inputs that are known by what they are
  std::vector<std::string> output_paths;                     // as ir::Command has them
};

struct MissingInput {
  std::string path;
};

// Lays a footprint out as a Merkle tree at the same absolute paths, with every symlink that a path goes
// through, and puts the thunk and all it names into the store. Same footprint and files, same thunk. Any
// thread.
class ThunkBuilder {
 public:
  ThunkBuilder(View& view, object::Store& store);

  // The thunk's name. Errors come from the view and the store.
  [[nodiscard]] base::Result<std::variant<object::Digest, MissingInput>> build(const Footprint& footprint);

 private:
  [[nodiscard]] base::Result<object::Digest> put(const std::string& bytes);

  View& view_;
  object::Store& store_;
  base::Guarded<std::unordered_set<object::Digest>> put_;  // in the store since this run put them there
};

}  // namespace model
