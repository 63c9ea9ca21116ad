#include "model/shared_links.hh"

#include "base/files.hh"
#include "model/paths.hh"

#include <utility>

namespace model {

bool is_shared_library(std::string_view path) {
  return base_name(path).find(".so") != std::string_view::npos;
}

void SharedLinks::note(const std::string& path, const object::Digest& thunk, SharedLink link) {
  known_.with([&](Known& known) {
    known.links.insert_or_assign(thunk, std::move(link));
    known.made_at.insert_or_assign(path, thunk);
  });
}

std::optional<SharedLink> SharedLinks::of(const object::Digest& thunk) const {
  return known_.with([&](const Known& known) -> std::optional<SharedLink> {
    const auto found = known.links.find(thunk);
    return found == known.links.end() ? std::nullopt : std::optional(found->second);
  });
}

std::optional<SharedLink> SharedLinks::at(const std::string& path) const {
  const auto real = base::real_path(path);
  return known_.with([&](const Known& known) -> std::optional<SharedLink> {
    const auto made = real ? known.made_at.find(*real) : known.made_at.end();
    const auto found = made == known.made_at.end() ? known.links.end() : known.links.find(made->second);
    return found == known.links.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace model
