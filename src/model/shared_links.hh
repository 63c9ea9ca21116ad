#pragma once

#include "base/guarded.hh"
#include "object/digest.hh"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// By its name: libx.so, libx.so.1.
[[nodiscard]] bool is_shared_library(std::string_view path);

// What the link of a shared library read. Only what the library holds says which of that it needs.
struct SharedLink {
  std::string soname;                  // "": none was asked for
  std::vector<std::string> libraries;  // shared ones; absolute
  std::vector<std::string> run_paths;  // as spelled

  bool operator==(const SharedLink&) const = default;
};

// The links of this run's shared libraries. Whoever links such a library is to be inferred alike whether it
// is still promised or there, or the thunk would not be the same in the next run. Any thread.
class SharedLinks {
 public:
  // `path`: where the library is made, a real path.
  void note(const std::string& path, const object::Digest& thunk, SharedLink link);

  [[nodiscard]] std::optional<SharedLink> of(const object::Digest& thunk) const;

  // Of the thunk that was inferred last for this path, symlinks at its end followed. The file may be another
  // by now.
  [[nodiscard]] std::optional<SharedLink> at(const std::string& path) const;

 private:
  struct Known {
    std::map<object::Digest, SharedLink> links;
    std::map<std::string, object::Digest> made_at;
  };

  base::Guarded<Known> known_;
};

}  // namespace model
