#include "exec/tree_reader.hh"

namespace exec {

namespace {

// Some 1 KiB each. Beyond, all are forgotten: simpler than to choose, and read again in no time.
constexpr size_t kMostKnown = 65'536;

}  // namespace

Expected<std::shared_ptr<const object::Directory>> TreeReader::read(const object::Digest& digest) {
  std::shared_ptr<const object::Directory> found = known_.with([&](const auto& known) {
    const auto it = known.find(digest);
    return it == known.end() ? nullptr : it->second;
  });
  if (found) {
    return found;
  }
  const base::Result<std::optional<std::string>> bytes = store_.get(digest);
  if (!bytes) {
    return failure(bytes.error());
  }
  if (!*bytes) {
    return lost(digest, "the directory");
  }
  base::Result<object::Directory> directory = object::decode_directory(**bytes);
  if (!directory) {
    return failure(directory.error());
  }
  found = std::make_shared<const object::Directory>(std::move(*directory));
  known_.with([&](auto& known) {
    if (known.size() >= kMostKnown) {
      known.clear();
    }
    known.emplace(digest, found);
  });
  return found;
}

}  // namespace exec
