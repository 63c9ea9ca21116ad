#include "ir/reduce.hh"

#include "base/quote.hh"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace ir {

namespace {

// Directories nest as deep as somebody's tree, so the walk keeps its own stack.
base::Result<std::set<object::Promise>> collect(const object::Digest& root, const ReadDirectory& read) {
  std::set<object::Promise> promises;
  std::unordered_set<object::Digest> seen{root};
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

bool owes(const object::Entry& entry) {
  const auto* below = std::get_if<object::Subdirectory>(&entry);
  return std::holds_alternative<object::Promise>(entry) || (below != nullptr && below->owes);
}

base::Result<object::Entry> kept(const object::Promise& promise, const Concrete& concrete) {
  const std::string subject =
      "output '" + base::printable(promise.output) + "' of thunk " + promise.thunk.to_string();
  auto value = concrete(promise);
  if (!value) {
    return base::failure(subject + " was not made", base::FailureKind::Deterministic);
  }
  if (owes(*value)) {
    return base::failure(subject + " was to be put into a tree before it was finished");
  }
  return *std::move(value);
}

// One directory on the way down: `next` is the first entry that is not settled yet.
struct Level {
  object::Digest before;
  object::Directory directory;
  std::map<std::string, object::Entry, std::less<>>::iterator next;
};

// Trees come from anywhere and nest as deep as they like, so the way down is kept here and not on the stack.
class Substitution {
 public:
  Substitution(const ReadDirectory& read, const WriteDirectory& write, const Concrete& concrete)
      : read_(read), write_(write), concrete_(concrete) {}

  base::Result<object::Digest> run(const object::Digest& root) {
    if (auto entered = enter(root); !entered) {
      return tl::unexpected(entered.error());
    }
    if (!way_.back().directory.owes()) {
      return root;
    }
    while (!way_.empty()) {
      if (auto went_on = step(); !went_on) {
        return tl::unexpected(went_on.error());
      }
    }
    return done_.at(root);
  }

 private:
  base::Result<void> enter(const object::Digest& digest) {
    auto directory = read_(digest);
    if (!directory) {
      return tl::unexpected(directory.error());
    }
    Level& level = way_.emplace_back(Level{digest, *std::move(directory), {}});
    level.next = level.directory.entries.begin();
    return {};
  }

  // Settles one entry, goes down one level, or leaves one.
  base::Result<void> step() {
    Level& level = way_.back();
    if (level.next == level.directory.entries.end()) {
      return leave(level);
    }
    object::Entry& entry = level.next->second;
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      auto value = kept(*promise, concrete_);
      if (!value) {
        return tl::unexpected(value.error());
      }
      entry = *std::move(value);
    } else if (owes(entry)) {
      auto& below = std::get<object::Subdirectory>(entry);
      const auto known = done_.find(below.digest);
      if (known == done_.end()) {
        return enter(below.digest);  // and come back to this entry
      }
      below = {known->second, false};
    }
    ++level.next;
    return {};
  }

  base::Result<void> leave(Level& level) {
    auto written = write_(level.directory);
    if (!written) {
      return tl::unexpected(written.error());
    }
    done_.emplace(level.before, *written);
    way_.pop_back();
    return {};
  }

  const ReadDirectory& read_;
  const WriteDirectory& write_;
  const Concrete& concrete_;
  std::deque<Level> way_;  // levels hold iterators into themselves, so they must not move
  std::unordered_map<object::Digest, object::Digest> done_;
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
