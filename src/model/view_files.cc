#include "model/view_files.hh"

#include "base/files.hh"
#include "model/look.hh"

namespace model {

base::Result<std::optional<scan::Contents>> contents_through(View& view, const std::string& path) {
  if (view.look(path).what != scan::Look::What::File) {
    return std::nullopt;
  }
  return view.read(path);
}

base::Result<std::optional<std::string>> read_through(View& view, const std::string& path) {
  auto contents = contents_through(view, path);
  if (!contents) {
    return tl::unexpected(contents.error());
  }
  return *contents ? std::optional(std::move((*contents)->bytes)) : std::nullopt;
}

std::string ViewFiles::real_path(const std::string& path) {
  return base::real_path(path).value_or(path);
}

}  // namespace model
