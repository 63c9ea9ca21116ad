#include "model/view_files.hh"

#include "model/look.hh"

#include <climits>
#include <cstdlib>
#include <memory>

namespace model {

base::Result<std::optional<std::string>> read_through(View& view, object::Store& store,
                                                      const std::string& path) {
  const auto entry = look_through(view, path);
  if (!entry) {
    return tl::unexpected(entry.error());
  }
  const auto* file = *entry ? std::get_if<object::File>(&**entry) : nullptr;
  if (file == nullptr) {
    return std::nullopt;
  }
  auto bytes = store.get(file->digest);
  if (bytes && !*bytes) {
    return base::failure("the store lost '" + path + "' right after it was put there",
                         base::FailureKind::RetryHere);
  }
  return bytes;
}

base::Result<scan::Contents> ViewFiles::read(const std::string& path) {
  const base::Nanoseconds now = clock_.wall();
  const scan::Look before = view_.look(path);
  auto bytes = read_through(view_, store_, path);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  if (!*bytes) {
    return base::failure("'" + path + "' is no regular file");
  }
  const bool same = view_.look(path) == before && (*bytes)->size() == before.identity.size;
  return scan::Contents{**std::move(bytes), before.identity, same && scan::is_settled(before.identity, now)};
}

std::string ViewFiles::real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : path;
}

}  // namespace model
