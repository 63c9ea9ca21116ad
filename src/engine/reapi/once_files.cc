#include "engine/reapi/once_files.hh"

#include "object/tree.hh"

#include <algorithm>
#include <string>
#include <utility>

namespace engine {

namespace {

constexpr uint64_t kLargestHeader = 8U << 20U;

bool is_between(char byte) {
  return byte == ' ' || byte == '\t' || byte == '(' || byte == '"';
}

}  // namespace

bool mentions_once(std::string_view text) {
  for (size_t at = text.find("ragma"); at != std::string_view::npos; at = text.find("ragma", at + 1)) {
    std::string_view rest = text.substr(at + 5);
    while (!rest.empty() && is_between(rest.front())) {
      rest.remove_prefix(1);
    }
    if (rest.starts_with("once")) {
      return true;
    }
  }
  for (size_t at = text.find("import"); at != std::string_view::npos; at = text.find("import", at + 1)) {
    size_t before = at;
    while (before > 0 && is_between(text[before - 1])) {
      --before;
    }
    if (before > 0 && text[before - 1] == '#') {
      return true;
    }
  }
  return false;
}

base::Result<bool> OnceFiles::is_once(const object::Digest& file) {
  if (file.size() == 0 || file.size() > kLargestHeader) {
    return false;
  }
  const auto known = files_.with([&](const auto& files) {
    const auto found = files.find(file);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) {
    return *known;
  }
  const auto bytes = here_.get(file);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const bool once = *bytes && mentions_once(**bytes);
  files_.with([&](auto& files) { files.emplace(file, once); });
  return once;
}

base::Result<std::shared_ptr<const OnceFiles::Digests>> OnceFiles::below(const object::Digest& digest,
                                                                         unsigned depth) {
  constexpr unsigned kDeepest = 2048;
  const auto known = directories_.with([&](const auto& directories) {
    const auto found = directories.find(digest);
    return found == directories.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  auto all = std::make_shared<Digests>();
  const auto bytes = here_.get(digest);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto directory = *bytes ? object::decode_directory(**bytes) : object::Directory();
  if (!directory || depth > kDeepest) {
    return all;
  }
  for (const auto& [name, entry] : directory->entries) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      const auto once = is_once(file->digest);
      if (!once) {
        return tl::unexpected(once.error());
      }
      if (*once) {
        all->push_back(file->digest);
      }
    } else if (const auto* subdirectory = std::get_if<object::Subdirectory>(&entry)) {
      const auto more = below(subdirectory->digest, depth + 1);
      if (!more) {
        return more;
      }
      all->insert(all->end(), (*more)->begin(), (*more)->end());
    }
  }
  if (*bytes) {
    directories_.with([&](auto& directories) { directories.emplace(digest, all); });
  }
  return all;
}

base::Result<bool> OnceFiles::stands_twice(const object::Digest& root) {
  return below(root, 0).map([](const std::shared_ptr<const Digests>& found) {
    Digests all = *found;
    std::sort(all.begin(), all.end());
    return std::adjacent_find(all.begin(), all.end()) != all.end();
  });
}

}  // namespace engine
