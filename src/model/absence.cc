#include "model/absence.hh"

#include "model/paths.hh"

#include <dirent.h>
#include <sys/stat.h>

namespace model {

std::shared_ptr<const DirectoryNames::Names> DirectoryNames::of(const std::string& directory) {
  struct stat status {};

  const base::Nanoseconds before = clock_.wall();
  if (::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return nullptr;
  }
  const StatSignature signature = signature_of(status);
  auto known = known_.with([&](const auto& all) -> std::shared_ptr<const Names> {
    const auto found = all.find(directory);
    return found != all.end() && found->second.signature == signature ? found->second.names : nullptr;
  });
  if (known) {
    return known;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()), ::closedir);
  auto names = std::make_shared<Names>();
  while (const dirent* entry = opened ? ::readdir(opened.get()) : nullptr) {
    names->insert(entry->d_name);
  }
  if (!opened) {
    names->insert("");
  }
  if (is_settled(signature, before)) {
    known_.with([&](auto& all) { all.insert_or_assign(directory, Known{signature, names}); });
  }
  return names;
}

bool note_absence(const std::string& path, DirectoryNames& directories, AbsentNames& absent) {
  std::string directory = parent_of(path);
  std::string name(base_name(path));
  auto names = directories.of(directory);
  while (!names && directory != "/") {
    name = base_name(directory);
    directory = parent_of(directory);
    names = directories.of(directory);
  }
  if (!names || names->contains(name) || names->contains("")) {
    return false;
  }
  absent[directory].insert(name);
  return true;
}

bool still_absent(const AbsentNames& absent, DirectoryNames& directories) {
  for (const auto& group : absent) {
    const auto names = directories.of(group.first);
    if (!names) {
      continue;
    }
    if (names->contains("")) {
      return false;
    }
    for (const std::string& name : group.second) {
      if (names->contains(name)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace model
