#pragma once

#include "base/still_wanted.hh"
#include "ir/result.hh"
#include "object/store.hh"

#include <vector>

namespace engine {

// What a result names: files and streams, and the roots of directories.
struct ResultObjects {
  std::vector<object::Digest> files;
  std::vector<object::Digest> directories;
};

[[nodiscard]] ResultObjects objects_of(const ir::Result& result);

// The directories themselves, read; what they name goes into `named`, directories apart. False: one of them
// is not here, or is none.
[[nodiscard]] base::Result<bool> look_into(object::Store& here,
                                           const std::vector<object::Digest>& directories,
                                           ResultObjects& named);

// Brings all of them, with all below the directories, from there to here. False: something is nowhere.
[[nodiscard]] base::Result<bool> bring(object::RemoteStore& there, object::Store& here, ResultObjects objects,
                                       const base::StillWanted& wanted);

}  // namespace engine
