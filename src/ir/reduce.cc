#include "ir/reduce.hh"

#include <map>

namespace ir {

namespace {

// Directories nest as deep as somebody's tree, so the walk keeps its own stack.
base::Result<std::set<object::Promise>> collect(const object::Digest& root, const ReadDirectory& read) {
  std::set<object::Promise> promises;
  std::set<object::Digest> seen{root};
  std::vector<object::Digest> open{root};
  while (!open.empty()) {
    const object::Digest digest = open.back();
    open.pop_back();
    const auto directory = read(digest);
    if (!directory) {
      return tl::unexpected(directory.error());
    }
    for (const auto& entry : directory->entries) {
      const auto* below = std::get_if<object::Subdirectory>(&entry.second);
      if (const auto* promise = std::get_if<object::Promise>(&entry.second)) {
        promises.insert(*promise);
      } else if (below != nullptr && below->owes && seen.insert(below->digest).second) {
        open.push_back(below->digest);
      }
    }
  }
  return promises;
}

class Substitution {
 public:
  Substitution(const ReadDirectory& read, const WriteDirectory& write, const Concrete& concrete)
      : read_(read), write_(write), concrete_(concrete) {}

  // Recursion as deep as the path of a promise; paths are bounded by PATH_MAX.
  base::Result<object::Digest> run(const object::Digest& digest) {
    if (const auto known = done_.find(digest); known != done_.end()) {
      return known->second;
    }
    auto directory = read_(digest);
    if (!directory) {
      return tl::unexpected(directory.error());
    }
    for (auto& entry : directory->entries) {
      if (auto changed = replace(entry.second); !changed) {
        return tl::unexpected(changed.error());
      }
    }
    auto written = write_(*directory);
    if (written) {
      done_.emplace(digest, *written);
    }
    return written;
  }

 private:
  base::Result<void> replace(object::Entry& entry) {
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      auto value = concrete_(*promise);
      if (!value) {
        return base::failure(
            "thunk " + promise->thunk.to_string() + " did not make its output '" + promise->output + "'",
            base::FailureKind::Deterministic);
      }
      entry = *std::move(value);
    } else if (auto* below = std::get_if<object::Subdirectory>(&entry); below != nullptr && below->owes) {
      const auto digest = run(below->digest);
      if (!digest) {
        return tl::unexpected(digest.error());
      }
      *below = {*digest, false};
    }
    return {};
  }

  const ReadDirectory& read_;
  const WriteDirectory& write_;
  const Concrete& concrete_;
  std::map<object::Digest, object::Digest> done_;
};

}  // namespace

base::Result<std::vector<object::Promise>> promises_in(const object::Digest& root,
                                                       const ReadDirectory& read) {
  const auto promises = collect(root, read);
  if (!promises) {
    return tl::unexpected(promises.error());
  }
  return std::vector<object::Promise>(promises->begin(), promises->end());
}

base::Result<object::Digest> substitute(const object::Digest& root, const ReadDirectory& read,
                                        const WriteDirectory& write, const Concrete& concrete) {
  return Substitution(read, write, concrete).run(root);
}

}  // namespace ir
