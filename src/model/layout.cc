#include "model/layout.hh"

#include "model/paths.hh"

namespace model {

namespace {

constexpr int kMostSymlinks = 40;  // the kernel's MAXSYMLINKS: path_resolution(7)

}  // namespace

Layout::Layout(View& view) : view_(view) {}

Layout::Node* Layout::child(Node* parent, std::string_view name) {
  auto found = parent->directories.find(name);
  if (found == parent->directories.end()) {
    auto made = std::make_unique<Node>();
    made->path = parent->path + "/" + std::string(name);
    made->parent = parent;
    found = parent->directories.emplace(name, std::move(made)).first;
  }
  return found->second.get();
}

Layout::Leaves::iterator Layout::lay_out(Node* parent, std::string_view name, View::Seen seen) {
  const auto leaf = parent->leaves.emplace(name, std::move(seen)).first;
  if (const auto* file = std::get_if<object::File>(&leaf->second.entry)) {
    files_.emplace_back(file->digest, parent->path + "/" + std::string(name));
  }
  return leaf;
}

base::Result<Layout::Place> Layout::step(Node* from, std::string_view name, int depth) {
  if (name.empty() || name == ".") {
    return Place(from);
  }
  if (name == "..") {
    return Place(from->parent == nullptr ? from : from->parent);
  }
  if (const auto known = from->directories.find(name); known != from->directories.end()) {
    return Place(known->second.get());
  }
  auto leaf = from->leaves.find(name);
  if (leaf == from->leaves.end()) {
    auto seen = view_.see(from->path + "/" + std::string(name));
    if (!seen) {
      return tl::unexpected(seen.error());
    }
    if (!*seen) {
      return Place(Nothing{});
    }
    if (std::holds_alternative<object::Subdirectory>((*seen)->entry)) {
      return Place(child(from, name));
    }
    leaf = lay_out(from, name, **std::move(seen));
  }
  const auto* link = std::get_if<object::Symlink>(&leaf->second.entry);
  if (link == nullptr) {
    return Place(Leaf{&leaf->second});
  }
  if (depth >= kMostSymlinks) {
    return Place(Nothing{});
  }
  const std::string target = link->target;
  return walk(target.starts_with('/') ? &root_ : from, target, depth + 1);
}

base::Result<Layout::Place> Layout::walk(Node* from, std::string_view path, int depth) {
  Place place = from;
  while (!path.empty()) {
    auto* const* here = std::get_if<Node*>(&place);
    if (here == nullptr) {
      return Place(Nothing{});  // through a file, or through nothing
    }
    const size_t slash = path.find('/');
    auto next = step(*here, path.substr(0, slash), depth);
    if (!next) {
      return next;
    }
    place = *next;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return place;
}

base::Result<Layout::Place> Layout::directory(const std::string& path) {
  if (const auto known = known_directories_.find(path); known != known_directories_.end()) {
    return known->second;
  }
  auto place = walk(&root_, path, 0);
  if (place) {
    known_directories_.emplace(path, *place);
  }
  return place;
}

base::Result<const View::Seen*> Layout::add_input(const std::string& path) {
  auto where = directory(parent_of(path));
  if (!where) {
    return tl::unexpected(where.error());
  }
  auto* const* node = std::get_if<Node*>(&*where);
  if (node == nullptr) {
    return nullptr;
  }
  const auto place = step(*node, base_name(path), 0);
  if (!place) {
    return tl::unexpected(place.error());
  }
  const auto* leaf = std::get_if<Leaf>(&*place);
  return leaf == nullptr ? nullptr : leaf->seen;
}

base::Result<const View::Seen*> Layout::add_reading(const scan::Reading& reading) {
  auto where = directory(parent_of(reading.path));
  if (!where) {
    return tl::unexpected(where.error());
  }
  auto* const* node = std::get_if<Node*>(&*where);
  const std::string_view name = base_name(reading.path);
  if (node != nullptr && reading.executable && !(*node)->leaves.contains(name)) {
    if (const auto digest = view_.known(reading.identity)) {
      lay_out(*node, name, {object::File{*digest, *reading.executable}, reading.identity});
    }
  }
  return add_input(reading.path);
}

base::Result<void> Layout::add_entry(const std::string& path, const object::Entry& entry) {
  Node* node = &root_;
  std::string_view rest = std::string_view(path).substr(1);
  for (size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const auto place = step(node, rest.substr(0, slash), 0);
    if (!place) {
      return tl::unexpected(place.error());
    }
    auto* const* next = std::get_if<Node*>(&*place);
    node = next != nullptr ? *next : child(node, rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  if (!node->directories.contains(rest)) {
    node->leaves.emplace(rest, View::Seen{entry, {}});
  }
  return {};
}

base::Result<void> Layout::add_directory(const std::string& path) {
  const auto place = directory(path);
  if (!place) {
    return tl::unexpected(place.error());
  }
  return {};
}

object::Digest Layout::finish(const Encoded& encoded) {
  return finish_node(root_, encoded).digest;
}

// Recursion as deep as a path has components.
object::Subdirectory Layout::finish_node(const Node& node, const Encoded& encoded) {
  object::Directory directory;
  for (const auto& leaf : node.leaves) {
    directory.entries.emplace_hint(directory.entries.end(), leaf.first, leaf.second.entry);
  }
  for (const auto& below : node.directories) {
    directory.entries.insert_or_assign(below.first, finish_node(*below.second, encoded));
  }
  return {encoded(object::encode(directory)), directory.owes()};
}

}  // namespace model
