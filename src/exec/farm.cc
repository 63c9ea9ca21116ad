#include "exec/farm.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>

namespace exec {

namespace {

// The mtime of every input, 2000-01-01 UTC, which is also that of every object in the local store. Part of
// what a command sees: changing it changes outputs that hold mtimes.
constexpr int64_t kInputMtimeSeconds = 946'684'800;

tl::unexpected<Failure> system_failure(const std::string& attempt, const std::string& path) {
  return failure({attempt + " '" + path + "': " + std::strerror(errno), base::FailureKind::RetryElsewhere});
}

struct Difference {
  std::vector<const Node*> surplus;
  std::vector<const Node*> lacking;
};

Difference difference(const Layout& present, const Layout& wanted) {
  Difference result;
  auto have = present.begin();
  auto want = wanted.begin();
  while (have != present.end() || want != wanted.end()) {
    const bool only_have =
        want == wanted.end() || (have != present.end() && comes_before(have->path, want->path));
    const bool only_want = !only_have && (have == present.end() || comes_before(want->path, have->path));
    const bool same = !only_have && !only_want && *have == *want;
    if (!only_want) {
      if (!same) {
        result.surplus.push_back(&*have);
      }
      ++have;
    }
    if (!only_have) {
      if (!same) {
        result.lacking.push_back(&*want);
      }
      ++want;
    }
  }
  return result;
}

}  // namespace

Farm::Farm(std::string directory) : directory_(std::move(directory)) {
  if (::mkdir(directory_.c_str(), 0755) != 0) {
    throw base::SyscallError("create directory", directory_);
  }
}

Farm::~Farm() {
  base::remove_tree(directory_);  // what is left goes when the next gg starts
}

Expected<void> Farm::become(const Layout& wanted, object::FileStore& store) {
  const Difference difference_to = difference(present_, wanted);
  // Children before their directories.
  for (auto node = difference_to.surplus.rbegin(); node != difference_to.surplus.rend(); ++node) {
    Expected<void> removed = remove(**node);
    if (!removed) {
      return removed;
    }
  }
  std::optional<Failure> loss;
  for (const Node* const node : difference_to.lacking) {
    Expected<void> made = make(*node, store);
    if (made) {
      continue;
    }
    if (made.error().lost.empty()) {
      return made;
    }
    // Each loss costs a round of making again, so all are told of at once.
    if (loss) {
      loss->lost.push_back(made.error().lost.front());
    } else {
      loss = std::move(made.error());
    }
  }
  if (loss) {
    return tl::unexpected<Failure>(*std::move(loss));
  }
  if (!difference_to.surplus.empty() || !difference_to.lacking.empty()) {
    present_ = wanted;
  }
  return {};
}

size_t Farm::in_common(const Layout& wanted) const {
  return wanted.size() - difference(present_, wanted).lacking.size();
}

Expected<void> Farm::make(const Node& node, object::FileStore& store) const {
  const std::string path = at(node);
  switch (node.kind) {
    case Node::Kind::Directory:
      if (::mkdir(path.c_str(), 0755) != 0) {
        return system_failure("create directory", path);
      }
      return {};
    case Node::Kind::Symlink:
      if (::symlink(node.target.c_str(), path.c_str()) != 0) {
        return system_failure("create symlink", path);
      }
      return {};
    case Node::Kind::File:
      return place_file(node, store);
  }
  return {};
}

Expected<void> Farm::place_file(const Node& node, object::FileStore& store) const {
  using Placing = object::FileStore::Placing;
  const std::string path = at(node);
  const bool copy = node.writable || node.repeat != 0;
  const base::Result<bool> placed =
      store.place(node.digest, node.executable, path, copy ? Placing::Copy : Placing::HardLink);
  if (!placed) {
    return failure(placed.error());
  }
  if (!*placed) {
    return lost(node.digest, "'/" + node.path + "',");
  }
  if (!copy) {
    return {};
  }
  const mode_t mode = (node.executable ? 0555U : 0444U) | (node.writable ? 0200U : 0U);
  const timespec time{kInputMtimeSeconds + node.repeat, 0};
  const std::array<timespec, 2> times{time, time};
  if (::chmod(path.c_str(), mode) != 0 || ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) {
    return system_failure("set mode and time of", path);
  }
  return {};
}

Expected<void> Farm::remove(const Node& node) const {
  const std::string path = at(node);
  const int result = node.kind == Node::Kind::Directory ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
  if (result != 0 && errno != ENOENT) {
    return system_failure("remove", path);
  }
  return {};
}

}  // namespace exec
