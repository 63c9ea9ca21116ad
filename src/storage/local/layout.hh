#pragma once

#include "base/result.hh"
#include "object/digest.hh"

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Where things lie in a local store (spec/store.md). On disk: never reuse a name for another meaning; what an
// older gg would misread bumps kLayoutVersion.
namespace storage {

inline constexpr unsigned kLayoutVersion = 1;

// Every object's mtime, 2000-01-01 UTC. Whoever writes into an object's inode moves it, which is how we see
// it without hashing; and what is hard-linked into a container looks the same in each run.
inline constexpr int64_t kObjectMtimeSeconds = 946684800;

inline constexpr mode_t kPlainMode = 0444;
inline constexpr mode_t kExecutableMode = 0555;

enum class Access : uint8_t { ReadWrite, ReadOnly };

struct Layout {
  std::string root;  // absolute

  [[nodiscard]] std::string version_file() const { return root + "/VERSION"; }

  [[nodiscard]] std::string objects() const { return root + "/objects"; }

  [[nodiscard]] std::string twins() const { return root + "/exec"; }

  [[nodiscard]] std::string packs() const { return root + "/packs"; }

  [[nodiscard]] std::string temporaries() const { return root + "/tmp"; }

  [[nodiscard]] std::string quarantine() const { return root + "/quarantine"; }

  [[nodiscard]] std::string records() const { return root + "/records.sqlite"; }

  [[nodiscard]] std::string records_lock() const { return root + "/records.lock"; }

  [[nodiscard]] std::string gc_lock() const { return root + "/gc.lock"; }

  // objects/ab/abcd…: mode 0444.
  [[nodiscard]] std::string object(const object::Digest& digest) const;

  // exec/ab/abcd…: the same bytes in an inode of mode 0555, since hard links share their mode. Made on
  // demand.
  [[nodiscard]] std::string twin(const object::Digest& digest) const;
};

// The hash that the file `name` in fan-out folder `folder` claims; nullopt if it is no object's name.
[[nodiscard]] std::optional<object::Digest::Hash> hash_of_name(std::string_view folder,
                                                               std::string_view name);

// Makes the folders if needed (ReadWrite) and checks that this is a store that we understand, that is ours,
// and that nobody else can write to. Errors say what to do.
[[nodiscard]] base::Result<Layout> claim_directory(const std::string& directory, Access access);

}  // namespace storage
