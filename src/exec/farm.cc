#include "exec/farm.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "exec/placing.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>

namespace exec {

namespace {

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
    Expected<void> made = put_in_place(*node, at(*node), store);
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

Expected<void> Farm::remove(const Node& node) const {
  const std::string path = at(node);
  const int result = node.kind == Node::Kind::Directory ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
  if (result != 0 && errno != ENOENT) {
    return system_failure("remove", path);
  }
  return {};
}

}  // namespace exec
