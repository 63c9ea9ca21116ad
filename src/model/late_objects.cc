#include "model/late_objects.hh"

#include "model/look.hh"
#include "model/thunk_reader.hh"
#include "model/view_files.hh"

#include <algorithm>
#include <set>

namespace model {

namespace {

// An archiver's members and a relinked object's parts are promises of its tree. `seen`: each thunk once.
base::Result<bool> makes_one(object::Store& store, const object::Digest& name,
                             std::set<object::Digest>& seen) {
  if (!seen.insert(name).second) {
    return false;
  }
  const auto thunk = read_thunk(store, name);
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  const std::vector<std::string>& words = thunk->command.arguments;
  if (std::any_of(words.begin(), words.end(),
                  [](const std::string& word) { return word.starts_with("-flto"); })) {
    return true;
  }
  const auto leaves = leaves_of(store, *thunk);
  if (!leaves) {
    return tl::unexpected(leaves.error());
  }
  for (const auto& leaf : *leaves) {
    if (const auto* promise = std::get_if<object::Promise>(&leaf.second)) {
      const auto one = makes_one(store, promise->thunk, seen);
      if (!one || *one) {
        return one;
      }
    }
  }
  return false;
}

}  // namespace

base::Result<bool> is_compiled_at_link(View& view, object::Store& store, const std::string& path) {
  const auto entry = look_through(view, path);
  if (!entry) {
    return tl::unexpected(entry.error());
  }
  if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
    std::set<object::Digest> seen;
    return makes_one(store, promise->thunk, seen);
  }
  const auto bytes = read_through(view, path);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  // Of sections' names (gcc/lto-section-names.h).
  return *bytes && (*bytes)->find(".gnu.lto_") != std::string::npos;
}

}  // namespace model
