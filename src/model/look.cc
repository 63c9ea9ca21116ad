#include "model/look.hh"

#include "model/paths.hh"

namespace model {

base::Result<std::optional<object::Entry>> look_through(View& view, const std::string& path) {
  constexpr int kMostSymlinks = 40;  // path_resolution(7)
  std::string at = path;
  for (int hops = 0; hops < kMostSymlinks; ++hops) {
    auto entry = view.at(at);
    const auto* link = entry && *entry ? std::get_if<object::Symlink>(&**entry) : nullptr;
    if (link == nullptr) {
      return entry;
    }
    at = absolute(parent_of(at), link->target);
  }
  return std::nullopt;
}

}  // namespace model
