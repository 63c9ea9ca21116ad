#include "object/memory_store.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "object/hash.hh"

#include <unistd.h>

namespace object {

base::Result<std::optional<std::string>> MemoryStore::get(const Digest& digest) {
  return objects_.with([&](auto& objects) -> std::optional<std::string> {
    const auto found = objects.find(digest);
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  });
}

base::Result<Digest> MemoryStore::put(std::string_view bytes) {
  const Digest digest = hash(bytes);
  objects_.with([&](auto& objects) { objects.emplace(digest, bytes); });
  return digest;
}

base::Result<Digest> MemoryStore::put_file(int fd, std::string_view subject,
                                           const base::StillWanted& /*wanted*/) {
  if (::lseek(fd, 0, SEEK_SET) < 0) {
    return base::failure(base::SyscallError("seek in", subject).what());
  }
  return put(base::read_all(fd, subject));
}

base::Result<std::vector<Digest>> MemoryStore::missing(std::span<const Digest> digests) {
  return objects_.with([&](auto& objects) {
    std::vector<Digest> absent;
    for (const Digest& digest : digests) {
      if (!objects.contains(digest)) {
        absent.push_back(digest);
      }
    }
    return absent;
  });
}

void MemoryStore::forget(const Digest& digest) {
  objects_.with([&](auto& objects) { objects.erase(digest); });
}

base::Result<std::optional<std::string>> MemoryRecords::find(std::string_view table, const Digest& key) {
  return records_.with([&](auto& records) -> std::optional<std::string> {
    const auto found = records.find({std::string(table), key});
    return found == records.end() ? std::nullopt : std::optional(found->second);
  });
}

base::Result<void> MemoryRecords::record(std::string_view table, const Digest& key, std::string_view value) {
  records_.with([&](auto& records) {
    records.insert_or_assign({std::string(table), key}, std::string(value));
  });
  return {};
}

}  // namespace object
