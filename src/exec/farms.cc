#include "exec/farms.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace exec {

namespace {

// Farms that wait for work; the one that waits longest goes. Kinds of thunks (compile here, compile there,
// link, archive) alternate, and each finds its own again.
constexpr size_t kMostIdle = 24;

// Takes the lock beside `run`; none, and why in errno, if its process lives.
base::UniqueFd locked(const std::string& run, int flags) {
  base::UniqueFd file(::open((run + ".lock").c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return {};
  }

  struct stat status {};

  // Whoever sweeps may have taken the file for a dead one's between our two calls, and removed it.
  if (::fstat(file.get(), &status) == 0 && status.st_nlink == 0) {
    errno = EWOULDBLOCK;
    return {};
  }
  return file;
}

}  // namespace

void Farms::sweep(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".lock") {
      continue;
    }
    const std::string run = path.substr(0, path.size() - 5);
    // What is busy yet, since a container of it is just dying, is the next one's to remove.
    if (const base::UniqueFd lock = locked(run, 0); lock && base::remove_tree(run)) {
      ::unlink(path.c_str());
    }
  }
}

namespace {

std::string fresh_run(const std::string& directory, base::UniqueFd& lock) {
  for (unsigned attempt = 0;; ++attempt) {
    const std::string run = directory + "/" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    lock = locked(run, O_CREAT);
    // The name may be a dead process's, or another container's with the same process id.
    if (lock && ::mkdir(run.c_str(), 0755) == 0) {
      return run;
    }
    if (lock && errno != EEXIST) {
      throw base::SyscallError("create directory", run);
    }
    if (!lock && errno != EWOULDBLOCK) {
      throw base::SyscallError("lock", run + ".lock");
    }
  }
}

}  // namespace

Farms::Farms(const std::string& directory, object::FileStore& store) : store_(store) {
  base::make_directories(directory);
  directory_ = fresh_run(directory, lock_);
}

Farms::~Farms() {
  idle_.with([](auto& idle) { idle.clear(); });
  if (base::remove_tree(directory_)) {  // else the next one tries
    ::unlink((directory_ + ".lock").c_str());
  }
}

std::unique_ptr<Farm> Farms::best(const Layout& wanted) {
  return idle_.with([&](auto& idle) {
    size_t most = 0;
    auto chosen = idle.end();
    for (auto it = idle.begin(); it != idle.end(); ++it) {
      const size_t common = (*it)->in_common(wanted);
      if (common > most) {
        most = common;
        chosen = it;
      }
    }
    std::unique_ptr<Farm> farm;
    // Less than half in common: better to keep that one for its like.
    if (chosen != idle.end() && most * 2 >= wanted.size()) {
      farm = std::move(*chosen);
      idle.erase(chosen);
    }
    return farm;
  });
}

Expected<Farms::Lease> Farms::take(const Layout& wanted) {
  std::unique_ptr<Farm> farm = best(wanted);
  try {
    if (!farm) {
      farm = std::make_unique<Farm>(directory_ + "/" + std::to_string(made_.fetch_add(1)));
    }
  } catch (const base::SyscallError& error) {
    return failure({error.what(), base::FailureKind::RetryElsewhere});
  }
  Expected<void> became = farm->become(wanted, store_);
  if (!became) {
    return tl::unexpected<Failure>(became.error());
  }
  return Lease(farm.release(), GiveBack{this});
}

void Farms::give_back(std::unique_ptr<Farm> farm) {
  std::unique_ptr<Farm> surplus = idle_.with([&](auto& idle) {
    idle.push_back(std::move(farm));
    std::unique_ptr<Farm> oldest;
    if (idle.size() > kMostIdle) {
      oldest = std::move(idle.front());
      idle.erase(idle.begin());
    }
    return oldest;
  });
}

}  // namespace exec
