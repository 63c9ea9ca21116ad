#pragma once

#include "base/unique_fd.hh"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Whole-file work with errors that name the file. Paths are bytes, not text: any byte but NUL is fine.
namespace base {

// The bytes of a regular file. Throws SyscallError.
[[nodiscard]] std::string read_file(const std::string& path);

// The same; nullopt if there is no such file (ENOENT, ENOTDIR), SyscallError otherwise.
[[nodiscard]] std::optional<std::string> read_file_if_there(const std::string& path);

// realpath(3): without symlinks, "." and "..". Nullopt when it can't be resolved.
[[nodiscard]] std::optional<std::string> real_path(const std::string& path);

// readlink(2). Nullopt, and why in errno, when it can't be read.
[[nodiscard]] std::optional<std::string> link_target(const std::string& path);

// umask(2). There is no other way to ask than to set it: no other thread may make files meanwhile.
[[nodiscard]] mode_t file_mode_mask();

// A file or folder that was changed within the last tick of its clock may change again without a trace: was
// this one, at that time, not?
[[nodiscard]] bool is_settled(const timespec& changed);

// fstat(2). Throws SyscallError naming `subject`.
[[nodiscard]] struct stat status_of(int fd, std::string_view subject);

// read(2) and pread(2), through EINTR: how many bytes came; 0 at the end. Throws SyscallError naming
// `subject`.
[[nodiscard]] size_t read_some(int fd, std::span<char> room, std::string_view subject);
[[nodiscard]] size_t read_some_at(int fd, uint64_t offset, std::span<char> room, std::string_view subject);

// All bytes from the descriptor's current position to its end. Throws SyscallError naming `subject`.
[[nodiscard]] std::string read_all(int fd, std::string_view subject);

// Writes all bytes, through EINTR and short writes. Throws SyscallError naming `subject`.
void write_all(int fd, std::string_view bytes, std::string_view subject);

// Appends all of `record` to a file that is open with O_APPEND, or nothing: what a full disk let through is
// cut off again, so that the next record begins where this one would have. The caller lets nobody else append
// meanwhile. Throws SyscallError naming `subject`.
void append_whole(int fd, std::string_view record, std::string_view subject);

// Makes the bytes and the name of the file at an absolute path last: both are on the disk when it returns.
// Throws SyscallError.
void keep_through_power_loss(int fd, const std::string& path);

enum class Durability { Process, PowerLoss };  // PowerLoss: fsync before the rename

// Replaces `path` at once: readers see the old bytes or the new, never a mixture. The temporary stands beside
// it and is removed if anything fails; after a kill, by the next to write that file, or by
// remove_abandoned_temporary(). Throws SyscallError.
void write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode = 0666,
                           Durability durability = Durability::Process);

// Removes what a kill has left of such a write, for those who do not write themselves. One that is under way
// goes on.
void remove_abandoned_temporary(const std::string& path);

// mkdir -p. Throws SyscallError.
void make_directories(const std::string& path, mode_t mode = 0777);

// Is this below /dev, as devices and a process's own streams are? People build in /dev/shm, so that is a
// folder like any other.
bool is_below_dev(std::string_view path) noexcept;

// rm -rf: never follows symlinks, mends the mode of directories that it may not enter. Returns false if
// something was left (and errno says why for the first one).
bool remove_tree(const std::string& path) noexcept;

// A fresh directory below `parent`, removed with all it holds when this goes.
class TemporaryDirectory {
 public:
  // Told each name just before a directory of that name is made: a kill right after leaves none that is not
  // written down.
  using Announce = std::function<void(const std::string& path)>;

  // Throws SyscallError.
  explicit TemporaryDirectory(const std::string& parent = "/tmp", std::string_view prefix = "gg-",
                              const Announce& announce = {});
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace base
