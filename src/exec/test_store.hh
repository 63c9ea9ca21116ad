#pragma once

#include "base/errors.hh"
#include "base/files.hh"
#include "exec/tree_builder.hh"
#include "object/hash.hh"
#include "object/in_memory.hh"
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
class TestStore final : public object::InMemory<object::FileStore> {
 public:
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

  void forget(const object::Digest& digest) { memory.forget(digest); }

  // The file that containers share.
  [[nodiscard]] std::string object_path(const object::Digest& digest, bool executable) const {
    return directory_.path() + "/" + digest.hex() + (executable ? ".x" : "");
  }

  [[nodiscard]] size_t placed() const { return placed_; }

 private:
  base::Result<bool> write(const object::Digest& digest, const std::string& path, mode_t mode) {
    const base::Result<std::optional<std::string>> bytes = memory.get(digest);
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

  base::TemporaryDirectory directory_;
  std::mutex mutex_;
  size_t placed_ = 0;
};

}  // namespace exec
