#pragma once

#include "base/guarded.hh"
#include "model/scan/directives.hh"
#include "model/scan/file_system.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace model::scan {

// Reduced files of a session by what their bytes were when they were read. Shared by all scans, thread-safe.
// Files that nobody asked for during a long time are let go.
class HeaderCache {
 public:
  HeaderCache(FileSystem& files, Vocabulary& vocabulary) : files_(files), vocabulary_(vocabulary) {}

  struct Loaded {
    std::shared_ptr<const FileDirectives> directives;
    Identity identity;                    // of what was read
    std::optional<uint64_t> fingerprint;  // of the bytes, where `identity` would not tell the next change:
                                          // not to be kept
  };

  // The file at `path`, whose identity was just seen. `dialect_number` tells dialects apart.
  [[nodiscard]] base::Result<Loaded> load(const std::string& path, const Identity& identity,
                                          const Dialect& dialect, uint32_t dialect_number);

  [[nodiscard]] uint64_t files_read() const;

 private:
  struct Key {
    Identity identity;
    uint32_t dialect = 0;

    bool operator==(const Key&) const = default;
  };

  struct Hash {
    size_t operator()(const Key& key) const {
      return (key.identity.inode * 0x9E3779B97F4A7C15ULL) ^ static_cast<uint64_t>(key.identity.mtime) ^
             key.dialect;
    }
  };

  struct Entry {
    std::shared_ptr<const FileDirectives> directives;
    uint64_t used = 0;
  };

  struct State {
    std::unordered_map<Key, Entry, Hash> entries;
    uint64_t clock = 0;
    uint64_t read = 0;
  };

  static void sweep(State& state);

  FileSystem& files_;
  Vocabulary& vocabulary_;
  base::Guarded<State> state_;
};

}  // namespace model::scan
