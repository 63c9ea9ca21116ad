#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "model/encoded_directories.hh"
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
  std::string working_directory;          // absolute, a real path
  std::vector<std::string> inputs;        // each must be there
  std::vector<scan::Reading> readings;    // inputs that were read for this: they must be so still
  std::vector<scan::Reading> conditions;  // read for this, and no inputs: they must be so still
  std::vector<std::string> directories;   // made (empty) if they are there on the user's machine
  std::vector<std::pair<std::string, object::Entry>> given;  // inputs that are known by what they are
  std::vector<std::string> output_paths;                     // as ir::Command has them

  enum class Outputs : unsigned char { Declared, Exact };
  Outputs outputs = Outputs::Declared;  // see ir::kOutputs
};

struct MissingInput {
  std::string path;
};

// What was concluded from this file does not hold for what is there now.
struct ChangedInput {
  std::string path;
};

// What a thunk names, to be put into the store once it is known that no memo answers for it.
struct Materials {
  std::vector<EncodedObject> encoded;                         // the thunk, its command and its directories
  std::vector<std::pair<object::Digest, std::string>> files;  // where each was seen
};

struct Built {
  object::Digest thunk;
  Materials materials;
};

// Lays a footprint out as a Merkle tree at the same absolute paths, with every symlink that a path goes
// through. Same footprint and files, same thunk. Any thread.
class ThunkBuilder {
 public:
  ThunkBuilder(View& view, object::Store& store);

  // Errors come from the view.
  using Outcome = std::variant<Built, MissingInput, ChangedInput>;
  [[nodiscard]] base::Result<Outcome> build(const Footprint& footprint);

  // Puts all of it into the store. False: a file has changed since it was looked at.
  [[nodiscard]] base::Result<bool> keep(const Materials& materials);

 private:
  [[nodiscard]] base::Result<bool> is_still(const View::Seen& seen, const scan::Reading& reading);

  View& view_;
  object::Store& store_;
  EncodedDirectories directories_;
  base::Guarded<std::unordered_set<object::Digest>>
      put_;  // in the store since this run put them there; the last of them
};

}  // namespace model
