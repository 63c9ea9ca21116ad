#include "object/tiered_store.hh"

namespace object {

base::Result<bool> TieredStore::bring(const Digest& digest) {
  return there_.fetch({&digest, 1}, here_, {}).map([](const std::vector<Digest>& lacking) {
    return lacking.empty();
  });
}

base::Result<std::optional<std::string>> TieredStore::get(const Digest& digest) {
  auto found = here_.get(digest);
  if (!found || *found) {
    return found;
  }
  const auto brought = bring(digest);
  if (!brought) {
    return tl::unexpected<base::Error>(brought.error());
  }
  return *brought ? here_.get(digest) : found;
}

base::Result<Digest> TieredStore::put(std::string_view bytes) {
  return here_.put(bytes);
}

base::Result<Digest> TieredStore::put_file(int fd, std::string_view subject,
                                           const base::StillWanted& wanted) {
  return here_.put_file(fd, subject, wanted);
}

base::Result<std::vector<Digest>> TieredStore::missing(std::span<const Digest> digests) {
  auto lacking = here_.missing(digests);
  return lacking && !lacking->empty() ? there_.missing(*lacking) : lacking;
}

base::Result<bool> TieredStore::place(const Digest& digest, bool executable, const std::string& path,
                                      Placing placing) {
  const auto placed = here_.place(digest, executable, path, placing);
  if (!placed || *placed) {
    return placed;
  }
  const auto brought = bring(digest);
  return brought && *brought ? here_.place(digest, executable, path, placing) : brought;
}

void TieredStore::expect_placing(std::span<const Digest> digests) {
  static_cast<void>(there_.fetch(digests, here_, {}));
}

}  // namespace object
