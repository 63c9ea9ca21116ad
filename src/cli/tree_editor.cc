#include "cli/tree_editor.hh"

#include "base/errors.hh"
#include "base/quote.hh"

namespace cli {

namespace {

constexpr size_t kMostKnown = 4096;

}  // namespace

const object::Directory& TreeEditor::read(const object::Digest& digest) {
  const auto known = known_.find(digest);
  if (known != known_.end()) {
    return known->second;
  }
  const auto bytes = base::value_or_throw(store_.get(digest));
  if (!bytes) {
    throw base::OperatorError("the store does not hold the directory " + digest.to_string());
  }
  return known_.emplace(digest, base::value_or_throw(object::decode_directory(*bytes))).first->second;
}

object::Subdirectory TreeEditor::subdirectory(const object::Digest& digest) {
  return {digest, read(digest).owes()};
}

std::optional<object::Entry> TreeEditor::at(const object::Digest& root, const std::string& path) {
  object::Entry entry = subdirectory(root);
  for (size_t from = 0; from < path.size();) {
    const size_t slash = std::min(path.find('/', from), path.size());
    const auto* directory = std::get_if<object::Subdirectory>(&entry);
    if (directory == nullptr) {
      return std::nullopt;
    }
    const object::Directory& here = read(directory->digest);
    const auto found = here.entries.find(path.substr(from, slash - from));
    if (found == here.entries.end()) {
      return std::nullopt;
    }
    entry = object::Entry(found->second);
    from = slash + 1;
  }
  return entry;
}

// Where both are directories the new one's entries are laid over the old one's, at any depth.
void TreeEditor::put_over(object::Directory& directory, const std::string& name, const object::Entry& entry) {
  const auto old = directory.entries.find(name);
  const auto* below = std::get_if<object::Subdirectory>(&entry);
  const auto* old_below =
      old == directory.entries.end() ? nullptr : std::get_if<object::Subdirectory>(&old->second);
  if (below != nullptr && old_below != nullptr && below->digest != old_below->digest) {
    const object::Directory over = read(below->digest);
    const Entries entries(over.entries.begin(), over.entries.end());
    directory.entries.insert_or_assign(name, subdirectory(lay_over(old_below->digest, entries)));
  } else {
    directory.entries.insert_or_assign(name, entry);
  }
}

object::Digest TreeEditor::lay_over(const object::Digest& base, const Entries& entries) {
  if (known_.size() > kMostKnown) {
    known_.clear();
  }
  object::Directory result = read(base);
  for (auto it = entries.begin(); it != entries.end();) {
    const size_t slash = it->first.find('/');
    const std::string name = it->first.substr(0, slash);
    if (slash == std::string::npos) {
      put_over(result, name, it->second);
      ++it;
      continue;
    }
    // All that goes into the directory `name`. Names with bytes below '/' may stand in between, so the rest
    // of them is met later, and laid over what is made here.
    Entries below;
    const std::string prefix = name + "/";
    for (; it != entries.end() && it->first.starts_with(prefix); ++it) {
      below.emplace(it->first.substr(prefix.size()), it->second);
    }
    const auto old = result.entries.find(name);
    const auto* directory =
        old == result.entries.end() ? nullptr : std::get_if<object::Subdirectory>(&old->second);
    if (old != result.entries.end() && directory == nullptr) {
      throw base::OperatorError("'" + base::printable(prefix + below.begin()->first) +
                                "' would stand inside '" + base::printable(name) +
                                "', which is no directory");
    }
    const object::Digest empty = base::value_or_throw(store_.put(""));
    const object::Digest made = lay_over(directory == nullptr ? empty : directory->digest, below);
    result.entries.insert_or_assign(name, subdirectory(made));
  }
  if (const auto fit = object::check(result); !fit) {
    throw base::OperatorError("such a tree cannot be: " + fit.error().message);
  }
  const object::Digest digest = base::value_or_throw(store_.put(object::encode(result)));
  known_.insert_or_assign(digest, std::move(result));
  return digest;
}

}  // namespace cli
