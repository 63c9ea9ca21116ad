#include "model/layout.hh"

#include "model/paths.hh"

#include <algorithm>

namespace model {

namespace {

constexpr int kMostSymlinks = 40;  // the kernel's MAXSYMLINKS: path_resolution(7)

// As parent_of, of an absolute path.
std::string_view folder_of(std::string_view path) {
  return path.substr(0, std::max<size_t>(path.rfind('/'), 1));
}

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

Layout::Leaves::iterator Layout::lay_out(Node* parent, Leaves::iterator before, std::string_view name,
                                         View::Seen seen) {
  const auto leaf = parent->leaves.emplace_hint(before, name, std::move(seen));
  if (const auto* file = std::get_if<object::File>(&leaf->second.entry)) {
    std::string path;
    path.reserve(parent->path.size() + 1 + name.size());
    files_.emplace_back(file->digest, path.append(parent->path).append(1, '/').append(name));
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
  auto leaf = from->leaves.lower_bound(name);
  if (leaf == from->leaves.end() || leaf->first != name) {
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
    leaf = lay_out(from, leaf, name, **std::move(seen));
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

base::Result<Layout::Place> Layout::directory(std::string_view path) {
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
  auto where = directory(folder_of(path));
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
  auto where = directory(folder_of(reading.path));
  if (!where) {
    return tl::unexpected(where.error());
  }
  auto* const* node = std::get_if<Node*>(&*where);
  if (node == nullptr || !reading.executable) {
    return add_input(reading.path);
  }
  const std::string_view name = base_name(reading.path);
  const auto leaf = (*node)->leaves.lower_bound(name);
  if (leaf != (*node)->leaves.end() && leaf->first == name) {
    return add_input(reading.path);
  }
  const auto digest = view_.known(reading.identity);
  if (!digest) {
    return add_input(reading.path);
  }
  return &lay_out(*node, leaf, name, {object::File{*digest, *reading.executable}, reading.identity})->second;
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

object::Digest Layout::finish(EncodedDirectories& directories, std::vector<EncodedObject>& encoded) {
  return finish_node(root_, directories, encoded).digest;
}

// Recursion as deep as a path has components.
object::Subdirectory Layout::finish_node(const Node& node, EncodedDirectories& directories,
                                         std::vector<EncodedObject>& encoded) {
  std::map<std::string_view, object::Entry> below;
  for (const auto& directory : node.directories) {
    below.emplace_hint(below.end(), directory.first, finish_node(*directory.second, directories, encoded));
  }
  EncodedDirectories::Entries entries;
  entries.reserve(node.leaves.size() + below.size());
  bool owes = false;
  auto next = below.begin();
  const auto add_below = [&] {
    owes = owes || std::get<object::Subdirectory>(next->second).owes;
    entries.emplace_back(next->first, &next->second);
    ++next;
  };
  for (const auto& [name, seen] : node.leaves) {
    while (next != below.end() && next->first < name) {
      add_below();
    }
    if (next != below.end() && next->first == name) {
      continue;  // what was given stands below what is a file here
    }
    owes = owes || std::holds_alternative<object::Promise>(seen.entry);
    entries.emplace_back(name, &seen.entry);
  }
  while (next != below.end()) {
    add_below();
  }
  encoded.push_back(directories.of(entries));
  return {encoded.back().digest, owes};
}

}  // namespace model
