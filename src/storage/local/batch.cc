#include "storage/local/batch.hh"

#include "object/hash.hh"

#include <algorithm>

namespace storage {

namespace {

// Larger ones are files of their own, to be linked.
constexpr size_t kLargest = 16U << 10U;

// Below it a file each costs less than a pack that every look-up has to go through.
constexpr size_t kFewest = 512;

}  // namespace

base::Result<std::optional<std::string>> Batch::get(const object::Digest& digest) {
  const auto pending = pending_.find(digest);
  return pending == pending_.end() ? store_.get(digest)
                                   : base::Result<std::optional<std::string>>(pending->second);
}

base::Result<object::Digest> Batch::put(std::string_view bytes) {
  const object::Digest digest = object::hash(bytes);
  if (bytes.size() > kLargest) {
    return store_.put(bytes);
  }
  if (pending_.count(digest) != 0) {
    return digest;
  }
  return store_.missing({&digest, 1}).map([&](const std::vector<object::Digest>& lacking) {
    if (!lacking.empty()) {
      pending_.emplace(digest, bytes);
    }
    return digest;
  });
}

base::Result<object::Digest> Batch::put_file(int fd, std::string_view subject,
                                             const base::StillWanted& wanted) {
  return store_.put_file(fd, subject, wanted);
}

base::Result<std::vector<object::Digest>> Batch::missing(std::span<const object::Digest> digests) {
  return store_.missing(digests).map([this](std::vector<object::Digest> lacking) {
    std::erase_if(lacking, [this](const object::Digest& digest) { return pending_.count(digest) != 0; });
    return lacking;
  });
}

base::Result<void> Batch::flush() {
  auto pending = std::exchange(pending_, {});
  if (pending.size() < kFewest) {
    for (const auto& [digest, bytes] : pending) {
      if (const auto put = store_.put(bytes); !put) {
        return tl::unexpected(put.error());
      }
    }
    return {};
  }
  return store_.put_pack({std::make_move_iterator(pending.begin()), std::make_move_iterator(pending.end())});
}

}  // namespace storage
