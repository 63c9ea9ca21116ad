#include "storage/local/failure.hh"

#include "base/quote.hh"

#include <cerrno>

namespace storage {

namespace {

std::string advice(int err, const std::string& root) {
  const std::string quoted = base::shell_quoted(root);
  switch (err) {
    case ENOSPC:
    case EDQUOT:
      return "free space on its file system or run 'gg gc --size 5G' to shrink the store " + quoted;
    case EFBIG:
      return "the store " + quoted + " may not hold a file of this size: raise the limit (ulimit -f)";
    case EROFS:
      return "the store " + quoted + " is on a read-only file system: remount it or choose another cache";
    case EACCES:
    case EPERM:
      return "the store " + quoted + " must belong to you and be writable: mend its owner or choose another";
    case EIO:
      return "the disk that holds the store " + quoted + " fails: see the kernel's log";
    case EMFILE:
    case ENFILE:
      return "too many open files: raise the limit (ulimit -n)";
    default:
      return "the store is " + quoted + "; 'gg fsck' checks it";
  }
}

}  // namespace

base::FailureKind failure_kind(int err) {
  switch (err) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EROFS:
    case EACCES:
    case EPERM:
    case EIO:
      return base::FailureKind::RetryElsewhere;
    case EINTR:
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ESTALE:
      return base::FailureKind::RetryHere;
    default:
      return base::FailureKind::Ours;
  }
}

base::Error store_error(const std::string& root, const base::SyscallError& error) {
  const int err = error.code().value();
  return {std::string(error.what()) + "; " + advice(err, root), failure_kind(err)};
}

base::Error outside_error(const base::SyscallError& error) {
  return {error.what(), failure_kind(error.code().value())};
}

}  // namespace storage
