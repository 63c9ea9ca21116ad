#include "storage/local/packs.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "object/hash.hh"
#include "storage/local/walk.hh"

#include <sys/stat.h>

#include <algorithm>

namespace storage {

namespace {

using object::Digest;

}  // namespace

std::optional<std::string> Packs::read(const Digest& digest) {
  if (auto bytes = read_from(known(), digest)) {
    return bytes;
  }
  return look_again() ? read_from(known(), digest) : std::nullopt;
}

std::vector<std::shared_ptr<Pack>> Packs::known() {
  return known_.with([](const Known& known) { return known.packs; });
}

std::optional<std::string> Packs::read_from(const std::vector<std::shared_ptr<Pack>>& packs,
                                            const Digest& digest) {
  for (const auto& pack : packs) {
    const auto place = pack->find(digest);
    if (!place || !mark_(pack->fd())) {
      continue;
    }
    std::string bytes = pack->read(*place);
    if (object::hash(bytes) == digest) {
      return bytes;
    }
  }
  return std::nullopt;
}

// False: nothing has changed since the last look. Packs that stay are kept open.
bool Packs::look_again() {
  return known_.with([this](Known& known) {
    struct stat status {};

    if (::stat(folder_.c_str(), &status) != 0) {
      return false;  // a store that is open for reading only may have none
    }
    const bool same =
        known.as_of.tv_sec == status.st_mtim.tv_sec && known.as_of.tv_nsec == status.st_mtim.tv_nsec;
    if (known.looked && same) {
      return false;
    }
    std::vector<std::shared_ptr<Pack>> packs;
    for (const std::string& name : names_in(folder_)) {
      const std::string path = folder_ + "/" + name;
      const auto old = std::find_if(known.packs.begin(), known.packs.end(),
                                    [&](const auto& pack) { return pack->path() == path; });
      std::shared_ptr<Pack> pack = old == known.packs.end() ? Pack::open(path) : *old;
      if (pack) {
        packs.push_back(std::move(pack));
      }
    }
    known = {std::move(packs), status.st_mtim, base::is_settled(status.st_mtim)};
    return true;
  });
}

}  // namespace storage
