#include "exec/layout.hh"

#include "exec/paths.hh"

#include <algorithm>
#include <unordered_map>

namespace exec {

namespace {

using object::Digest;

class Walk {
 public:
  Walk(TreeReader& trees, const OutputPaths& outputs) : trees_(trees), outputs_(outputs) {}

  Expected<Layout> all(const Digest& root) {
    Expected<void> walked = directory(root, "");
    if (!walked) {
      return tl::unexpected<Failure>(walked.error());
    }
    return std::move(layout_);
  }

 private:
  Expected<void> directory(const Digest& digest, const std::string& prefix) {
    const auto directory = trees_.read(digest);
    if (!directory) {
      return tl::unexpected<Failure>(directory.error());
    }
    for (const auto& [name, entry] : (*directory)->entries) {
      Expected<void> added =
          std::visit([&, path = prefix + name](const auto& it) { return add(path, it); }, entry);
      if (!added) {
        return added;
      }
    }
    return {};
  }

  Expected<void> add(const std::string& path, const object::Subdirectory& directory_at) {
    Node node;
    node.path = path;
    layout_.push_back(std::move(node));
    return directory(directory_at.digest, path + "/");
  }

  Expected<void> add(const std::string& path, const object::File& file) {
    Node node;
    node.path = path;
    node.kind = Node::Kind::File;
    node.digest = file.digest;
    node.executable = file.executable;
    node.writable = std::any_of(outputs_.begin(), outputs_.end(),
                                [&](const std::string& output) { return is_at_or_below(path, output); });
    node.repeat = times_[file.digest]++;
    layout_.push_back(std::move(node));
    return {};
  }

  Expected<void> add(const std::string& path, const object::Symlink& symlink) {
    Node node;
    node.path = path;
    node.kind = Node::Kind::Symlink;
    node.target = symlink.target;
    layout_.push_back(std::move(node));
    return {};
  }

  Expected<void> add(const std::string& path, const object::Promise& promise) {
    return failure(
        {"'" + path + "' is still a promise of " + promise.thunk.to_string() + "; it cannot be executed",
         base::FailureKind::Ours});
  }

  TreeReader& trees_;
  const OutputPaths& outputs_;
  Layout layout_;
  std::unordered_map<Digest, unsigned> times_;
};

unsigned rank(char byte) {
  return byte == '/' ? 0U : 1U + static_cast<unsigned char>(byte);
}

}  // namespace

bool comes_before(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(common), b.begin());
  if (in_a != a.begin() + static_cast<ptrdiff_t>(common)) {
    return rank(*in_a) < rank(*in_b);
  }
  return a.size() < b.size();
}

Expected<Layout> lay_out(TreeReader& trees, const Digest& root, const OutputPaths& outputs) {
  return Walk(trees, outputs).all(root);
}

}  // namespace exec
