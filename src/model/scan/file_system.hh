#pragma once

#include "base/clock.hh"
#include "base/result.hh"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

struct stat;

namespace model::scan {

// What tells one state of a file from another without reading it (FACTS: device, inode, size, mtime and
// ctime).
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t mtime = 0;  // nanoseconds since 1970
  int64_t ctime = 0;

  auto operator<=>(const Identity&) const = default;
};

[[nodiscard]] Identity identity_of(const struct stat& status);

// Could the file be changed once more without its identity telling? The kernel stamps files with the time of
// its last tick, so an identity is worth something only once the clock is past that tick.
[[nodiscard]] bool is_settled(const Identity& identity, base::Nanoseconds wall_now);

struct Look {
  enum class What : uint8_t {
    Absent,
    File,
    Directory,
    Promised,    // a placeholder: its bytes do not exist yet
    Unreadable,  // something is there, or may be, but it can't be looked at or is no file
  };
  What what = What::Absent;
  Identity identity{};
  bool itself = false;      // no symlink at the end of the path
  bool executable = false;  // by its owner

  bool operator==(const Look&) const = default;
};

struct Contents {
  std::string bytes;
  Identity identity;  // of the file they came from
  bool settled =
      true;  // false: changed so lately that `identity` would not tell another change; read it again
};

// A file as it was when it was read, to be held against what is there later. `fingerprint`: where the
// identity would not tell the next change, of the bytes. `executable`: of a file that needs no second look,
// since its identity tells what its bytes were and no symlink stands at the end of its path.
struct Reading {
  std::string path;  // absolute
  Identity identity;
  std::optional<uint64_t> fingerprint;
  std::optional<bool> executable{};

  bool operator==(const Reading&) const = default;
};

// Tells bytes from others by chance only, which is enough for a file that changes within two ticks.
[[nodiscard]] uint64_t fingerprint_of(std::string_view bytes);

[[nodiscard]] Reading reading_of(const std::string& path, const Contents& contents);

struct HashOfName {
  using is_transparent = void;

  size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
};

// Names in a directory.
using DirectoryNames = std::unordered_set<std::string, HashOfName, std::equal_to<>>;

// The files as the scanner sees them. Paths are absolute, symlinks are followed. Thread-safe.
class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  [[nodiscard]] virtual Look look(const std::string& path) = 0;

  // The bytes of what `look` called a File. Errors name the path.
  [[nodiscard]] virtual base::Result<Contents> read(const std::string& path) = 0;

  // All names in the directory, provided that it is in the state `identity`, that this state would tell of
  // any name made since, and that a name which isn't among them leads nowhere. Null: ask for the name itself.
  [[nodiscard]] virtual std::shared_ptr<const DirectoryNames> names_in(const std::string& directory,
                                                                       const Identity& identity);

  // Without symlinks, "." and ".."; the path itself when it can't be resolved.
  [[nodiscard]] virtual std::string real_path(const std::string& path) = 0;
};

// `FileSystem::names_in` of this machine's disk.
[[nodiscard]] std::shared_ptr<const DirectoryNames> names_on_disk(const std::string& directory,
                                                                  const Identity& identity);

// The machine's own files, nothing promised.
class Disk final : public FileSystem {
 public:
  Look look(const std::string& path) override;
  base::Result<Contents> read(const std::string& path) override;

  std::shared_ptr<const DirectoryNames> names_in(const std::string& directory,
                                                 const Identity& identity) override {
    return names_on_disk(directory, identity);
  }

  std::string real_path(const std::string& path) override;
};

}  // namespace model::scan
