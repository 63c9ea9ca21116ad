#pragma once

#include "base/unique_fd.hh"

#include <sys/types.h>

#include <string>

namespace storage {

// A file that was not there before and goes away with this, unless it is kept.
class FreshFile {
 public:
  // Throws SyscallError, also if there is such a file.
  FreshFile(std::string path, mode_t mode);
  ~FreshFile();
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] const std::string& path() const { return path_; }

  // Throws SyscallError: some file systems tell of a full disk only here.
  void close();

  // The file stays (or has been renamed away).
  void keep() { kept_ = true; }

 private:
  std::string path_;
  base::UniqueFd fd_;
  bool kept_ = false;
};

}  // namespace storage
