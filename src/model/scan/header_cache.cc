#include "model/scan/header_cache.hh"

namespace model::scan {
namespace {

// Each translation unit brings headers of its own that no other reads; a session of 100,000 must not keep
// them.
constexpr size_t kEntries = 20'000;

}  // namespace

base::Result<HeaderCache::Loaded> HeaderCache::load(const std::string& path, const Identity& identity,
                                                    const Dialect& dialect, uint32_t dialect_number) {
  const Key key{identity, dialect_number};
  auto known = state_.with([&](State& state) {
    const auto found = state.entries.find(key);
    if (found == state.entries.end()) {
      return std::shared_ptr<const FileDirectives>();
    }
    found->second.used = ++state.clock;
    return found->second.directives;
  });
  if (known) {
    return Loaded{std::move(known), identity, std::nullopt};
  }
  base::Result<Contents> contents = files_.read(path);
  if (!contents) {
    return tl::unexpected(contents.error());
  }
  Loaded loaded{reduce(contents->bytes, dialect, vocabulary_), contents->identity,
                reading_of(path, *contents).fingerprint};
  state_.with([&](State& state) {
    ++state.read;
    if (!loaded.fingerprint) {
      state.entries[Key{loaded.identity, dialect_number}] = {loaded.directives, ++state.clock};
      sweep(state);
    }
  });
  return loaded;
}

uint64_t HeaderCache::files_read() const {
  return state_.with([](const State& state) { return state.read; });
}

void HeaderCache::sweep(State& state) {
  if (state.entries.size() <= kEntries) {
    return;
  }
  const uint64_t old = state.clock - kEntries / 2;
  for (auto entry = state.entries.begin(); entry != state.entries.end();) {
    entry = entry->second.used < old ? state.entries.erase(entry) : std::next(entry);
  }
}

}  // namespace model::scan
