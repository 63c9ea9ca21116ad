#include "storage/local/fresh_file.hh"

#include "base/errors.hh"

#include <fcntl.h>
#include <unistd.h>

namespace storage {

FreshFile::FreshFile(std::string path, mode_t mode)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)) {
  if (!fd_) {
    throw base::SyscallError("create", path_);
  }
}

FreshFile::~FreshFile() {
  if (!kept_) {
    ::unlink(path_.c_str());
  }
}

void FreshFile::close() {
  if (::close(fd_.release()) != 0) {
    throw base::SyscallError("close", path_);
  }
}

}  // namespace storage
