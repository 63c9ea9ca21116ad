#include "exec/native.hh"

#include "base/clock.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "object/hash.hh"
#include "sandbox/unconfined.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

namespace exec {

namespace {

tl::unexpected<Failure> refused(const std::string& path, const std::string& why) {
  return failure({"without a sandbox a command runs on the real files, and " + base::shell_quoted(path) +
                      " " + why + "; run the build without gg, or where containers are allowed",
                  base::FailureKind::RetryElsewhere});
}

bool is_link_to(const std::string& path, const std::string& target) {
  return base::link_target(path) == target;
}

}  // namespace

NativeRunner::NativeRunner(object::Store& store, std::string root)
    : store_(store), root_(std::move(root)), trees_(store) {}

bool NativeRunner::holds(const std::string& path, const object::Digest& digest) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));

  struct stat status {};

  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<uint64_t>(status.st_size) != digest.size()) {
    return false;
  }
  const Signature signature{static_cast<int64_t>(status.st_dev),
                            static_cast<int64_t>(status.st_ino),
                            status.st_size,
                            status.st_mtim.tv_sec,
                            status.st_mtim.tv_nsec,
                            status.st_ctim.tv_sec,
                            status.st_ctim.tv_nsec};
  const bool known = hashed_.with([&](const auto& hashed) {
    const auto it = hashed.find(signature);
    return it != hashed.end() && it->second == digest;
  });
  if (known) {
    return true;
  }
  const object::Digest found = object::hash_file(fd.get(), path);
  if (base::is_settled(status.st_ctim)) {
    hashed_.with([&](auto& hashed) { hashed.insert_or_assign(signature, found); });
  }
  return found == digest;
}

Expected<void> NativeRunner::check(const Node& node) {
  const std::string path = root_ + "/" + node.path;
  switch (node.kind) {
    case Node::Kind::Directory: {
      struct stat status {};

      if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return refused(path, "is not the directory that the command needs");
      }
      return {};
    }
    case Node::Kind::Symlink:
      if (!is_link_to(path, node.target)) {
        return refused(
            path, "is not the symlink to " + base::shell_quoted(node.target) + " that the command needs");
      }
      return {};
    case Node::Kind::File:
      if (!holds(path, node.digest)) {
        return refused(path, "does not hold the bytes that the command needs");
      }
      return {};
  }
  return {};
}

Expected<void> NativeRunner::clear_outputs(const Task& task, const Layout& layout) const {
  std::set<std::string> inputs;
  for (const Node& node : layout) {
    inputs.insert(node.path);
  }
  for (const auto& [output, place] : task.places) {
    const std::string path = root_ + "/" + place;
    // A directory stays: what of it is the command's own is not to be told from what is the user's.
    if (inputs.count(place) == 0 && ::unlink(path.c_str()) != 0 && errno != ENOENT && errno != EISDIR &&
        errno != ENOTDIR) {
      return refused(path, "is in the way and cannot be removed");
    }
  }
  return {};
}

Expected<ir::Result> NativeRunner::run(const object::Digest& thunk, const sandbox::Limits& limits,
                                       const sandbox::StopSignal& stop) {
  const Expected<Task> task = load(store_, thunk);
  if (!task) {
    return tl::unexpected<Failure>(task.error());
  }
  if (task->dynamic) {
    return failure({"a thunk that may make thunks needs a container; `gg doctor` says what is in the way",
                    base::FailureKind::RetryElsewhere});
  }
  const Expected<Layout> layout = lay_out(trees_, task->input_root, {});
  if (!layout) {
    return tl::unexpected<Failure>(layout.error());
  }
  try {
    for (const Node& node : *layout) {
      const Expected<void> as_declared = check(node);
      if (!as_declared) {
        return tl::unexpected<Failure>(as_declared.error());
      }
    }
  } catch (const base::SyscallError& error) {
    return failure({error.what(), base::FailureKind::RetryElsewhere});
  }
  if (const Expected<void> cleared = clear_outputs(*task, *layout); !cleared) {
    return tl::unexpected<Failure>(cleared.error());
  }
  sandbox::Job job = job_for(task->command, limits);
  job.working_directory = root_ + job.working_directory;
  const base::Result<sandbox::Ended> ended = sandbox::run_unconfined(job, stop);
  if (!ended) {
    return failure(ended.error());
  }
  const base::UniqueFd root(::open((root_ + "/").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return result_of(*ended, root.get(), task->places, store_, [&stop] { return !stop.raised(); });
}

}  // namespace exec
