#include "intercept/outstanding.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace intercept {

// A fresh file reads as zeros: nobody has announced anything.
Outstanding::Outstanding(const std::string& state_dir) : path_(state_dir + "/placeholders") {
  base::make_directories(state_dir, 0700);
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file_) {
    throw base::SyscallError("open", path_);
  }
  // With its room on the disk: where there is none, the first write to the map would be a SIGBUS.
  if (const int error = ::posix_fallocate(file_.get(), 0, sizeof(Shared)); error != 0) {
    throw base::SyscallError("make room for", path_, error);
  }
  void* mapped = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (mapped == MAP_FAILED) {
    throw base::SyscallError("map", path_);
  }
  shared_ = static_cast<Shared*>(mapped);
}

Outstanding::~Outstanding() {
  ::munmap(shared_, sizeof(Shared));
}

void Outstanding::announce(Stay stay) {
  ++shared_->announced;
  if (stay == Stay::Yes) {
    ++shared_->staying;
  }
  base::keep_through_power_loss(file_.get(), path_);
}

void Outstanding::settle(uint64_t announced) {
  uint64_t settled = shared_->settled;
  while (settled < announced && !shared_->settled.compare_exchange_weak(settled, announced)) {
  }
}

}  // namespace intercept
