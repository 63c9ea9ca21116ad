#pragma once

#include "model/model.hh"

#include <set>
#include <string>
#include <vector>

namespace model {

// Everything a command may see and make, by paths on the user's machine: what a model says, and a thunk is
// built from.
struct Footprint {
  std::string program;                             // absolute; argv[0] of the thunk
  std::vector<std::string> arguments;              // the rest of argv, as it was given
  std::map<std::string, std::string> environment;  // all of it
  std::string working_directory;                   // absolute
  std::set<std::string> inputs;       // absolute, or relative to the working directory; must exist
  std::set<std::string> directories;  // exist for the command, with nothing in them but inputs
  std::vector<Output> outputs;        // Output::name is filled in when the thunk is built
  std::vector<WrittenNow> written_now;
  std::string label;
};

}  // namespace model
