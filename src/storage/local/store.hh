#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "object/store.hh"
#include "storage/local/layout.hh"
#include "storage/local/packs.hh"
#include "storage/local/session.hh"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

namespace storage {

class FreshFile;

// Told of what the operator should know but need not act on at once: a quarantined object, records started
// anew.
using Warn = std::function<void(const std::string& message)>;

// Objects as files in a directory (spec/store.md), shared by any number of threads and processes.
//
// - An object appears whole or not at all: written to tmp/, then renamed. The death of the process loses
//   nothing. A loss of power may leave an object short or zeroed (nothing is fsync'ed: a store is a cache and
//   thousands of small objects a second matter more), so nothing that is read is believed unchecked:
//   get() hashes each time, place() hashes small objects each time and large or hard-linked ones once per
//   process, and again when their inode, size or mtime moved.
// - What is damaged goes to quarantine/ and counts as not held; putting it again heals it.
// - What a live process has put, placed, got or asked for with missing() since it opened the store is not
//   collected (gc.hh), for 24 hours.
// - Do not use one across fork() in the child.
class LocalStore final : public object::FileStore {
 public:
  // Makes the directory if need be (ReadWrite). Errors say what to do: it belongs to somebody else, is not
  // writable, has a newer layout. ReadOnly changes nothing at all on disk, not even damaged objects or the
  // time of last use, and put fails with RetryElsewhere. `clock` and `warn` (any thread; may be empty)
  // outlive the store.
  [[nodiscard]] static base::Result<std::unique_ptr<LocalStore>> open(const std::string& directory,
                                                                      const base::Clock& clock, Warn warn,
                                                                      Access access = Access::ReadWrite);

  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override;
  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) override;

  // Many small objects at once, in one file that appears whole or not at all.
  [[nodiscard]] base::Result<void> put_pack(std::vector<std::pair<object::Digest, std::string>> objects);

  // Looks at names and sizes only; damage shows when the object is used.
  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override;

  // The death of the process may leave part of a copy at `path`: where that matters, place beside and rename.
  [[nodiscard]] base::Result<bool> place(const object::Digest& digest, bool executable,
                                         const std::string& path, Placing placing) override;

  // For gc and fsck.
  [[nodiscard]] const Layout& layout() const { return layout_; }

  [[nodiscard]] Access access() const { return session_ ? Access::ReadWrite : Access::ReadOnly; }

  // ReadWrite only. Moves a file of the store out of use and says where it is now; nullopt if it was gone.
  // Throws SyscallError.
  std::optional<std::string> quarantine(const std::string& path);

  // ReadWrite only. Locks and temporaries of sessions that were killed; how many temporaries. gc and fsck do
  // it, too.
  [[nodiscard]] base::Result<size_t> remove_what_dead_sessions_left();

  // ReadWrite only. A fresh path in tmp/.
  [[nodiscard]] std::string temporary_path() { return session_->temporary_path(); }

 private:
  enum class Form : uint8_t { Plain, Twin };  // objects/ or exec/

  struct Inode {
    dev_t device;
    ino_t number;

    bool operator==(const Inode&) const = default;
  };

  using Checked = std::unordered_map<object::Digest, Inode>;

  LocalStore(Layout layout, const base::Clock& clock, Warn warn, Access access);

  [[nodiscard]] static mode_t mode_of(Form form);
  [[nodiscard]] std::string path_of(const object::Digest& digest, Form form) const;

  std::optional<std::string> read_sound(const object::Digest& digest);
  bool holds_sound(const object::Digest& digest, Form form);
  bool is_sound(int fd, const object::Digest& digest, Form form);
  bool renew(int fd, const object::Digest& digest, Form form);
  std::optional<object::Digest> found_in(const std::string& path,
                                         const std::function<object::Digest()>& read);
  bool is_as_named(const object::Digest& asked, const object::Digest& found, const std::string& path);
  void handle_damage(const std::string& path, const std::string& what);

  bool is_checked(const object::Digest& digest, Form form, const struct stat& status) const;
  void note_checked(const object::Digest& digest, Form form, const struct stat& status);
  bool mark_used(const std::string& path, const struct stat& status, Form form);
  [[nodiscard]] base::Nanoseconds time_of_use() const;

  void write_object(const object::Digest& digest, Form form, const std::function<void(int fd)>& fill);
  void publish(FreshFile& file, const object::Digest& digest, Form form);
  base::Result<object::Digest> put_large(int fd, std::string_view subject, const base::StillWanted& wanted);

  bool mark_pack(int fd);
  bool unpack(const object::Digest& digest);

  bool make_twin(const object::Digest& digest);
  base::Result<bool> place_copy(const object::Digest& digest, const std::string& path, mode_t mode);
  base::Result<bool> place_link(const object::Digest& digest, bool executable, const std::string& path);

  Layout layout_;
  const base::Clock& clock_;
  Warn warn_;
  std::optional<Session> session_;  // ReadWrite
  Packs packs_;
  mutable base::Guarded<Checked> checked_[2];
};

}  // namespace storage
