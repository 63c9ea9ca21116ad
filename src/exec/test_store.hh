#pragma once

#include "base/errors.hh"
#include "base/files.hh"
#include "exec/tree_builder.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "object/tree.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <string>

// For tests: the smallest store with files.
namespace exec {

// Objects in memory; the first placing of one as a link makes its file, which the store's later links share.
class TestStore final : public object::FileStore {
 public:
  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override {
    return objects_.get(digest);
  }

  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override {
    return objects_.put(bytes);
  }

  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const object::StillWanted& wanted) override {
    return objects_.put_file(fd, subject, wanted);
  }

  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override {
    return objects_.missing(digests);
  }

  [[nodiscard]] base::Result<bool> place(const object::Digest& digest, bool executable,
                                         const std::string& path, Placing placing) override {
    const std::scoped_lock lock(mutex_);
    ++placed_;
    if (placing == Placing::Copy) {
      return write(digest, path, executable ? 0755 : 0644);
    }
    const std::string object = object_path(digest, executable);
    if (::access(object.c_str(), F_OK) != 0) {
      const base::Result<bool> written = write(digest, object, executable ? 0555 : 0444);
      if (!written || !*written) {
        return written;
      }
    }
    if (::link(object.c_str(), path.c_str()) != 0) {
      throw base::SyscallError("link", path);
    }
    return true;
  }

  void forget(const object::Digest& digest) { objects_.forget(digest); }

  // The file that containers share.
  [[nodiscard]] std::string object_path(const object::Digest& digest, bool executable) const {
    return directory_.path() + "/" + digest.hex() + (executable ? ".x" : "");
  }

  [[nodiscard]] size_t placed() const { return placed_; }

 private:
  base::Result<bool> write(const object::Digest& digest, const std::string& path, mode_t mode) {
    const base::Result<std::optional<std::string>> bytes = objects_.get(digest);
    if (!bytes || !*bytes) {
      return false;
    }
    base::write_file_atomically(path, **bytes, mode);
    const timespec time{946'684'800, 0};
    const std::array<timespec, 2> times{time, time};
    ::chmod(path.c_str(), mode);
    ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0);
    return true;
  }

  object::MemoryStore objects_;
  base::TemporaryDirectory directory_;
  std::mutex mutex_;
  size_t placed_ = 0;
};

}  // namespace exec
