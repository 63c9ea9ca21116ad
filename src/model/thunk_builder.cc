#include "model/thunk_builder.hh"

#include "base/quote.hh"
#include "object/hash.hh"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>

namespace model {

namespace {

constexpr int kMaxSymlinks = 40;  // the kernel's own limit (path_resolution(7))

struct Node {
  std::map<std::string, object::Entry, std::less<>> leaves;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> folders;
};

std::deque<std::string> components(const std::string& path) {
  std::deque<std::string> parts;
  for (size_t from = 0; from < path.size();) {
    const size_t end = std::min(path.find('/', from), path.size());
    if (end > from && path.compare(from, end - from, ".") != 0) {
      parts.push_back(path.substr(from, end - from));
    }
    from = end + 1;
  }
  return parts;
}

// The tree under construction. Walks each path as the kernel would, and puts in what it passes.
class TreeBuilder {
 public:
  TreeBuilder(View& view, object::Store& store) : view_(view), store_(store) {}

  enum class Last { Input, Directory, OutputParent };

  // OutputParent: the directory is made even if the user's machine lacks it (the command may make it itself).
  base::Result<void> add(const std::string& path, Last last) {
    std::deque<std::string> open = components(path);
    std::vector<Node*> nodes{&root_};
    std::vector<std::string> names;
    int symlinks = 0;
    while (!open.empty()) {
      const std::string name = open.front();
      open.pop_front();
      if (name == "..") {
        if (nodes.size() > 1) {
          nodes.pop_back();
          names.pop_back();
        }
        continue;
      }
      auto entry = entry_at(*nodes.back(), names, name, last);
      if (!entry) {
        return tl::unexpected(entry.error());
      }
      if (const auto* link = std::get_if<object::Symlink>(&**entry)) {
        if (++symlinks > kMaxSymlinks) {
          return base::failure("'" + base::printable(path) + "': too many levels of symbolic links");
        }
        const auto target = components(link->target);
        open.insert(open.begin(), target.begin(), target.end());
        if (link->target.starts_with('/')) {
          nodes.resize(1);
          names.clear();
        }
      } else if (std::holds_alternative<object::Subdirectory>(**entry)) {
        nodes.push_back(nodes.back()->folders.find(name)->second.get());
        names.push_back(name);
      } else if (!open.empty()) {
        return base::failure("'" + base::printable(path) + "': not a directory");
      }
    }
    return {};
  }

  base::Result<object::Digest> write() { return write(root_); }

 private:
  // What stands at names/name: remembered in the tree, else asked of the view and remembered.
  base::Result<const object::Entry*> entry_at(Node& node, const std::vector<std::string>& names,
                                              const std::string& name, Last last) {
    static const object::Entry kFolder = object::Subdirectory{};
    if (node.folders.find(name) != node.folders.end()) {
      return &kFolder;
    }
    if (const auto known = node.leaves.find(name); known != node.leaves.end()) {
      return &known->second;
    }
    std::string path;
    for (const std::string& part : names) {
      path += "/" + part;
    }
    path += "/" + name;
    auto entry = view_.at(path);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (!*entry && last != Last::OutputParent) {
      return base::failure("'" + base::printable(path) + "': no such file or directory");
    }
    if (!*entry || std::holds_alternative<object::Subdirectory>(**entry)) {
      node.folders.emplace(name, std::make_unique<Node>());
      return &kFolder;
    }
    return &node.leaves.emplace(name, **entry).first->second;
  }

  base::Result<object::Digest> write(Node& node) {
    object::Directory directory;
    directory.entries.insert(node.leaves.begin(), node.leaves.end());
    for (auto& folder : node.folders) {
      const auto digest = write(*folder.second);
      if (!digest) {
        return digest;
      }
      directory.entries.emplace(folder.first, object::Subdirectory{*digest, owing_.contains(*digest)});
    }
    auto digest = store_.put(object::encode(directory));
    if (digest && directory.owes()) {
      owing_.insert(*digest);
    }
    return digest;
  }

  View& view_;
  object::Store& store_;
  Node root_;
  std::set<object::Digest> owing_;
};

// From the working directory, lexically: what the command itself would write has no symlinks we know better
// of.
std::string output_name(const std::string& path, const std::string& working_directory) {
  return std::filesystem::path(path).lexically_relative(working_directory).string();
}

base::Result<void> fill(TreeBuilder& tree, const Footprint& footprint) {
  using Last = TreeBuilder::Last;
  if (auto added = tree.add(footprint.working_directory, Last::Directory); !added) {
    return added;
  }
  if (auto added = tree.add(footprint.program, Last::Input); !added) {
    return added;
  }
  for (const std::string& input : footprint.inputs) {
    if (auto added = tree.add(absolute(input, footprint.working_directory), Last::Input); !added) {
      return added;
    }
  }
  for (const std::string& directory : footprint.directories) {
    if (auto added = tree.add(absolute(directory, footprint.working_directory), Last::Directory); !added) {
      return added;
    }
  }
  for (const Output& output : footprint.outputs) {
    const std::string parent = std::filesystem::path(output.path).parent_path().string();
    if (auto added = tree.add(parent, Last::Directory); !added) {
      return added;
    }
  }
  return {};
}

}  // namespace

std::string absolute(const std::string& path, const std::string& directory) {
  std::string result;
  for (const std::string& part : components(path.starts_with('/') ? path : directory + "/" + path)) {
    result += "/" + part;
  }
  return result.empty() ? "/" : result;
}

base::Result<Inferred> build_thunk(const Footprint& footprint, View& view, object::Store& store) {
  TreeBuilder tree(view, store);
  if (auto filled = fill(tree, footprint); !filled) {
    return tl::unexpected(filled.error());
  }
  const auto root = tree.write();
  if (!root) {
    return tl::unexpected(root.error());
  }

  Inferred inferred;
  inferred.outputs = footprint.outputs;
  inferred.written_now = footprint.written_now;
  inferred.label = footprint.label;
  ir::Command command;
  command.arguments = {footprint.program};
  command.arguments.insert(command.arguments.end(), footprint.arguments.begin(), footprint.arguments.end());
  command.environment = footprint.environment;
  command.working_directory = footprint.working_directory.substr(1);
  for (Output& output : inferred.outputs) {
    output.name = output_name(output.path, footprint.working_directory);
    command.output_paths.push_back(output.name);
  }
  std::sort(command.output_paths.begin(), command.output_paths.end());
  command.output_paths.erase(std::unique(command.output_paths.begin(), command.output_paths.end()),
                             command.output_paths.end());
  const auto command_digest = store.put(ir::encode(command));
  if (!command_digest) {
    return tl::unexpected(command_digest.error());
  }
  const auto thunk = store.put(ir::encode(ir::Thunk{*command_digest, *root, {}}));
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  inferred.thunk = *thunk;
  return inferred;
}

}  // namespace model
