#pragma once

#include "object/store.hh"
#include "object/tree.hh"

#include <map>
#include <string>
#include <string_view>
#include <utility>

// For tests and benchmarks.
namespace exec {

// A tree by its paths, as one writes it down.
class TreeBuilder {
 public:
  explicit TreeBuilder(object::Store& store) : store_(store) {}

  TreeBuilder& file(const std::string& path, std::string_view bytes, bool executable = false) {
    return entry(path, object::File{store_.put(bytes).value(), executable});
  }

  TreeBuilder& symlink(const std::string& path, const std::string& target) {
    return entry(path, object::Symlink{target});
  }

  TreeBuilder& entry(const std::string& path, object::Entry what) {
    entries_.insert_or_assign(path, std::move(what));
    return *this;
  }

  [[nodiscard]] object::Digest root() const { return directory(""); }

 private:
  [[nodiscard]] object::Digest directory(const std::string& prefix) const {
    object::Directory result;
    for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.rfind(prefix, 0) == 0;
         ++it) {
      const std::string rest = it->first.substr(prefix.size());
      const size_t slash = rest.find('/');
      const std::string name = rest.substr(0, slash);
      if (slash == std::string::npos) {
        result.entries.insert_or_assign(name, it->second);
      } else if (result.entries.count(name) == 0) {
        result.entries.emplace(name, object::Subdirectory{directory(prefix + name + "/"), false});
      }
    }
    return store_.put(object::encode(result)).value();
  }

  object::Store& store_;
  std::map<std::string, object::Entry> entries_;
};

}  // namespace exec
