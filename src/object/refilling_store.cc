#include "object/refilling_store.hh"

#include <mutex>
#include <utility>

namespace object {

RefillingStore::Source::Source(RefillingStore& store, PutAgain put_again) : store_(store) {
  store_.set(std::move(put_again));
}

RefillingStore::Source::~Source() {
  store_.set(nullptr);
}

void RefillingStore::set(PutAgain put_again) {
  const std::unique_lock lock(mutex_);
  put_again_ = std::move(put_again);
}

bool RefillingStore::refill(const Digest& digest) {
  const std::shared_lock lock(mutex_);
  return put_again_ && put_again_(digest);
}

base::Result<std::optional<std::string>> RefillingStore::get(const Digest& digest) {
  auto found = store_.get(digest);
  return found && !*found && refill(digest) ? store_.get(digest) : found;
}

base::Result<Digest> RefillingStore::put(std::string_view bytes) {
  return store_.put(bytes);
}

base::Result<Digest> RefillingStore::put_file(int fd, std::string_view subject,
                                              const base::StillWanted& wanted) {
  return store_.put_file(fd, subject, wanted);
}

base::Result<std::vector<Digest>> RefillingStore::missing(std::span<const Digest> digests) {
  return store_.missing(digests);
}

base::Result<bool> RefillingStore::place(const Digest& digest, bool executable, const std::string& path,
                                         Placing placing) {
  const auto placed = store_.place(digest, executable, path, placing);
  return placed && !*placed && refill(digest) ? store_.place(digest, executable, path, placing) : placed;
}

}  // namespace object
