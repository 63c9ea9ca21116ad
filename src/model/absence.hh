#pragma once

#include "base/guarded.hh"
#include "model/file_view.hh"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace model {

// Names that must not be in a directory (which need not be there itself).
using AbsentNames = std::map<std::string, std::set<std::string>>;

// The names in directories, read again only when a directory changed. Any thread.
class DirectoryNames {
 public:
  explicit DirectoryNames(const base::Clock& clock) : clock_(clock) {}

  using Names = std::unordered_set<std::string>;

  // Nullptr: no such directory. One that may be entered but not listed holds the one name "", which no file
  // has.
  [[nodiscard]] std::shared_ptr<const Names> of(const std::string& directory);

 private:
  struct Known {
    StatSignature signature;
    std::shared_ptr<const Names> names;
  };

  const base::Clock& clock_;
  base::Guarded<std::unordered_map<std::string, Known>> known_;
};

// Notes that `path` (absolute) must stay absent, at its first component that is missing now. False: it is
// there, or nobody can say.
[[nodiscard]] bool note_absence(const std::string& path, DirectoryNames& directories, AbsentNames& absent);

// Are all of them still absent?
[[nodiscard]] bool still_absent(const AbsentNames& absent, DirectoryNames& directories);

}  // namespace model
