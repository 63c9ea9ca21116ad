#include "model/encoded_directories.hh"

#include "object/hash.hh"

#include <algorithm>

namespace model {

namespace {

// Smaller ones are encoded before they are found.
constexpr size_t kMany = 16;

// Encoded; what is remembered beside is about as much again. Then all are forgotten: those in use are soon
// there again.
constexpr size_t kMostBytes = size_t{8} << 20U;

size_t hash_of(const EncodedDirectories::Entries& entries) {
  constexpr size_t kOdd = 0x9E3779B97F4A7C15U;
  size_t value = entries.size();
  for (const auto& [name, entry] : entries) {
    const auto* file = std::get_if<object::File>(entry);
    const size_t what = file == nullptr ? entry->index() : std::hash<object::Digest>{}(file->digest);
    value = ((value ^ std::hash<std::string_view>{}(name)) * kOdd ^ what) * kOdd;
  }
  return value;
}

bool are_in(const EncodedDirectories::Entries& entries, const object::Directory& directory) {
  return std::equal(entries.begin(), entries.end(), directory.entries.begin(), directory.entries.end(),
                    [](const auto& ours, const auto& theirs) {
                      return ours.first == theirs.first && *ours.second == theirs.second;
                    });
}

object::Directory directory_of(const EncodedDirectories::Entries& entries) {
  object::Directory directory;
  for (const auto& [name, entry] : entries) {
    directory.entries.emplace_hint(directory.entries.end(), name, *entry);
  }
  return directory;
}

}  // namespace

EncodedObject encoded_object(std::string bytes) {
  const object::Digest digest = object::hash(bytes);
  bytes.shrink_to_fit();
  return {digest, std::make_shared<const std::string>(std::move(bytes))};
}

EncodedObject EncodedDirectories::of(const Entries& entries) {
  if (entries.size() < kMany) {
    return encoded_object(object::encode(directory_of(entries)));
  }
  const size_t hash = hash_of(entries);
  const auto candidates = state_.with([&](const State& state) {
    std::vector<std::shared_ptr<const Known>> found;
    const auto range = state.directories.equal_range(hash);
    for (auto at = range.first; at != range.second; ++at) {
      found.push_back(at->second);
    }
    return found;
  });
  for (const auto& candidate : candidates) {
    if (are_in(entries, candidate->directory)) {
      return candidate->object;
    }
  }
  auto made = std::make_shared<Known>();
  made->directory = directory_of(entries);
  made->object = encoded_object(object::encode(made->directory));
  EncodedObject object = made->object;
  state_.with([&](State& state) {
    if (state.bytes > kMostBytes) {
      state = {};
    }
    state.bytes += object.digest.size();
    state.directories.emplace(hash, std::move(made));
  });
  return object;
}

}  // namespace model
