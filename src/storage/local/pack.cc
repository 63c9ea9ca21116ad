#include "storage/local/pack.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "storage/numbers.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace storage {

namespace {

using object::Digest;

// On disk: bump the number with each change.
constexpr std::string_view kMagic = "gg pack 1\n";

constexpr uint64_t kEntryBytes = Digest::kHashBytes + 2 * kNumberBytes;  // hash, offset, size
constexpr uint64_t kBuckets = 4096;                                      // by the first 12 bits of the hash
constexpr uint64_t kFanOutBytes = (kBuckets + 1) * kNumberBytes;  // of each the first entry; then the count
constexpr uint64_t kFooterBytes = 2 * kNumberBytes;               // where the index begins; the count

uint64_t number_at(const std::string& bytes, uint64_t offset) {
  return read_number(std::string_view(bytes).substr(offset));
}

uint64_t bucket_of(const Digest& digest) {
  return (uint64_t{digest.hash()[0]} << 4U) | (digest.hash()[1] >> 4U);
}

}  // namespace

// Magic, the objects, the fan-out, the index sorted by hash, the footer.
std::string encode_pack(std::vector<std::pair<Digest, std::string>> objects) {
  std::sort(objects.begin(), objects.end());
  std::string bytes(kMagic);
  std::string fan_out;
  std::string index;
  uint64_t buckets = 0;
  for (uint64_t at = 0; at < objects.size(); ++at) {
    const auto& [digest, object] = objects[at];
    for (; buckets <= bucket_of(digest); ++buckets) {
      append_number(fan_out, at);
    }
    index.append(digest.hash().begin(), digest.hash().end());
    append_number(index, bytes.size());
    append_number(index, object.size());
    bytes += object;
  }
  for (; buckets <= kBuckets; ++buckets) {
    append_number(fan_out, objects.size());
  }
  const uint64_t begin = bytes.size();
  bytes += fan_out + index;
  append_number(bytes, begin);
  append_number(bytes, objects.size());
  return bytes;
}

std::unique_ptr<Pack> Pack::open(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  base::UniqueFd fd(::open(path.c_str(), kFlags | O_NOATIME));  // looking is no use
  if (!fd && errno == EPERM) {
    fd.reset(::open(path.c_str(), kFlags));  // somebody else's store
  }

  struct stat status {};

  if (!fd && (errno == ENOENT || errno == ELOOP)) {
    return nullptr;
  }
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    throw base::SyscallError("open", path);
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size < kMagic.size() + kFanOutBytes + kFooterBytes) {
    return nullptr;
  }
  std::unique_ptr<Pack> pack(new Pack(path, std::move(fd), 0, 0));
  const std::string footer = pack->read_at(size - kFooterBytes, kFooterBytes);
  if (footer.size() != kFooterBytes || pack->read_at(0, kMagic.size()) != kMagic) {
    return nullptr;
  }
  pack->index_ = number_at(footer, 0);
  pack->count_ = number_at(footer, kNumberBytes);
  const bool fits = pack->count_ <= size / kEntryBytes &&
                    pack->index_ == size - kFooterBytes - pack->count_ * kEntryBytes - kFanOutBytes;
  if (!fits) {
    return nullptr;
  }
  pack->fan_out_ = pack->read_at(pack->index_, kFanOutBytes);
  return pack->fan_out_.size() == kFanOutBytes ? std::move(pack) : nullptr;
}

std::string Pack::read_at(uint64_t offset, uint64_t size) const {
  std::string bytes(size, '\0');
  uint64_t done = 0;
  while (done < size) {
    const size_t got = base::read_some_at(fd_.get(), offset + done, std::span(bytes).subspan(done), path_);
    if (got == 0) {
      break;
    }
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

// Those that a damaged pack cuts off are left out.
std::vector<std::pair<Digest, Pack::Place>> Pack::entries(uint64_t first, uint64_t last) const {
  std::vector<std::pair<Digest, Place>> found;
  if (first >= last || last > count_) {
    return found;
  }
  const std::string bytes =
      read_at(index_ + kFanOutBytes + first * kEntryBytes, (last - first) * kEntryBytes);
  for (uint64_t at = 0; at + kEntryBytes <= bytes.size(); at += kEntryBytes) {
    Digest::Hash hash{};
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), hash.size(), hash.begin());
    const Place place{number_at(bytes, at + hash.size()), number_at(bytes, at + hash.size() + kNumberBytes)};
    if (place.offset <= index_ && place.size <= index_ - place.offset) {
      found.emplace_back(Digest(hash, place.size), place);
    }
  }
  return found;
}

std::optional<Pack::Place> Pack::find(const Digest& digest) const {
  const uint64_t at = bucket_of(digest) * kNumberBytes;
  const auto bucket = entries(number_at(fan_out_, at), number_at(fan_out_, at + kNumberBytes));
  const auto found =
      std::find_if(bucket.begin(), bucket.end(), [&](const auto& entry) { return entry.first == digest; });
  return found == bucket.end() ? std::nullopt : std::optional(found->second);
}

std::string Pack::read(const Place& place) const {
  return read_at(place.offset, place.size);
}

std::vector<std::pair<Digest, Pack::Place>> Pack::all() const {
  return entries(0, count_);
}

}  // namespace storage
