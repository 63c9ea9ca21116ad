#include "model/held_files.hh"

#include <algorithm>
#include <cstring>

namespace model {

namespace {

// Many files are empty, or the same stub.
constexpr size_t kMostFiles = 4;

constexpr size_t kNumber = sizeof(uint32_t);

uint32_t number_in(std::string_view file) {
  uint32_t number = 0;
  std::memcpy(&number, file.data(), kNumber);
  return number;
}

// Number and name, without the NUL.
std::string_view first_of(std::string_view packed) {
  return packed.substr(0, packed.find('\0', kNumber));
}

}  // namespace

uint32_t HeldFiles::folder(std::string_view path) {
  const std::string_view name = path.substr(0, path.rfind('/'));
  const auto known = folder_numbers_.find(name);
  if (known != folder_numbers_.end()) {
    return known->second;
  }
  const auto number = static_cast<uint32_t>(folders_.size());
  folders_.emplace_back(name);
  folder_numbers_.emplace(folders_.back(), number);
  return number;
}

bool HeldFiles::is_first(const Packed& packed, std::string_view path) const {
  const std::string_view first = first_of(packed);
  const std::string_view name = first.substr(kNumber);
  const std::string& folder = folders_[number_in(first)];
  return path.size() == folder.size() + 1 + name.size() && path.ends_with(name) && path.starts_with(folder);
}

void HeldFiles::bring_to_front(Packed& packed, std::string_view path) {
  const uint32_t number = folder(path);
  Packed made(kNumber, '\0');
  std::memcpy(made.data(), &number, kNumber);
  made.append(path.substr(path.rfind('/') + 1)).append(1, '\0');
  const std::string ours = made;
  size_t files = 1;
  for (std::string_view rest = packed; !rest.empty() && files < kMostFiles;) {
    const std::string_view file = rest.substr(0, first_of(rest).size() + 1);
    if (file != ours) {
      made += file;
      ++files;
    }
    rest.remove_prefix(file.size());
  }
  made.shrink_to_fit();
  packed = std::move(made);
}

bool HeldFiles::see_again(const object::Digest& digest, std::string_view path) {
  const auto known = files_.find(digest);
  if (known == files_.end()) {
    return false;
  }
  if (!is_first(known->second, path)) {
    bring_to_front(known->second, path);
  }
  return true;
}

void HeldFiles::add(const object::Digest& digest, std::string_view path) {
  bring_to_front(files_[digest], path);
}

std::vector<std::string> HeldFiles::paths(const object::Digest& digest) const {
  std::vector<std::string> paths;
  const auto known = files_.find(digest);
  for (std::string_view rest = known == files_.end() ? "" : std::string_view(known->second); !rest.empty();) {
    const std::string_view file = first_of(rest);
    paths.push_back(folders_[number_in(file)] + "/" + std::string(file.substr(kNumber)));
    rest.remove_prefix(file.size() + 1);
  }
  return paths;
}

}  // namespace model
