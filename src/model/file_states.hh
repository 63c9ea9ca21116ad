#pragma once

#include "base/clock.hh"
#include "model/model.hh"

#include <map>
#include <string>
#include <vector>

namespace model {

// The states of files as they are right after a tool was asked about them, which began at `start`.
struct FileStates {
  std::map<std::string, scan::Identity> files;  // by absolute path
  bool settled = true;                          // none can have changed while the tool ran
};

[[nodiscard]] FileStates states_of(View& view, const std::vector<std::string>& paths,
                                   base::Nanoseconds start);

}  // namespace model
