#include "exec/dynamic.hh"

#include "base/quote.hh"
#include "exec/container_files.hh"
#include "exec/paths.hh"
#include "ir/thunk.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace exec {

namespace {

using object::Digest;

// Of one manifest, directory, command or thunk: all of it is read into memory at once.
constexpr uint64_t kMostBytes = 256ULL << 20U;

tl::unexpected<Failure> culprit(const std::string& what) {
  return failure({what, base::FailureKind::Deterministic});
}

// Every directory of the tree, each once.
Expected<std::vector<Digest>> directories_of(TreeReader& trees, const Digest& root) {
  std::vector<Digest> all{root};
  std::unordered_set<Digest> seen{root};
  for (size_t at = 0; at < all.size(); ++at) {
    const auto directory = trees.read(all[at]);
    if (!directory) {
      return tl::unexpected<Failure>(directory.error());
    }
    for (const auto& [name, entry] : (*directory)->entries) {
      const auto* below = std::get_if<object::Subdirectory>(&entry);
      if (below != nullptr && seen.insert(below->digest).second) {
        all.push_back(below->digest);
      }
    }
  }
  return all;
}

Node node_at(const std::string& path, Node::Kind kind) {
  Node node;
  node.path = path;
  node.kind = kind;
  return node;
}

bool path_before(const Node& a, const Node& b) {
  return comes_before(a.path, b.path);
}

// Takes over what a process made, from what it returned downwards.
class Intake {
 public:
  Intake(int root, const Layout& layout, object::Store& store, const base::StillWanted& wanted)
      : root_(root), store_(store), wanted_(wanted) {
    const std::string own = std::string(ir::dynamic::kKnown) + "/";
    for (const Node& node : layout) {
      if (node.kind == Node::Kind::File) {
        (node.path.starts_with(own) ? own_directories_ : own_files_).insert(node.digest);
      }
    }
  }

  Expected<void> take(const object::Promise& promise) {
    Expected<void> taken = take_promise(promise, "the process");
    while (taken && !open_.empty()) {
      const Digest name = open_.back().first;
      const object::Directory directory = std::move(open_.back().second);
      open_.pop_back();
      taken = take_entries("directory " + name.to_string(), directory);
    }
    return taken;
  }

 private:
  using Outputs = std::vector<std::string>;

  Expected<void> take_promise(const object::Promise& promise, const std::string& namer) {
    auto thunk = thunks_.find(promise.thunk);
    if (thunk == thunks_.end()) {
      auto outputs = take_thunk(promise.thunk, namer);
      if (!outputs) {
        return tl::unexpected<Failure>(outputs.error());
      }
      thunk = thunks_.emplace(promise.thunk, *std::move(outputs)).first;
    }
    if (!std::binary_search(thunk->second.begin(), thunk->second.end(), promise.output)) {
      return culprit(namer + " promises output '" + base::printable(promise.output) + "' of thunk " +
                     promise.thunk.to_string() + ", which declares no such output");
    }
    return {};
  }

  // The thunk, its command and its input tree's root.
  Expected<Outputs> take_thunk(const Digest& name, const std::string& namer) {
    const std::string subject = "thunk " + name.to_string();
    const auto thunk = take_as(name, subject, namer, ir::decode_thunk);
    if (!thunk) {
      return tl::unexpected<Failure>(thunk.error());
    }
    auto command =
        take_as(thunk->command, "command " + thunk->command.to_string(), subject, ir::decode_command);
    if (!command) {
      return tl::unexpected<Failure>(command.error());
    }
    if (const auto owes = take_directory(thunk->input_root, subject); !owes) {
      return tl::unexpected<Failure>(owes.error());
    }
    return std::move(command->output_paths);
  }

  // Does it owe?
  Expected<bool> take_directory(const Digest& name, const std::string& namer) {
    if (own_directories_.count(name) != 0) {
      return false;
    }
    if (const auto known = owing_.find(name); known != owing_.end()) {
      return known->second;
    }
    auto directory = take_as(name, "directory " + name.to_string(), namer, object::decode_directory);
    if (!directory) {
      return tl::unexpected<Failure>(directory.error());
    }
    const bool owes = directory->owes();
    owing_.emplace(name, owes);
    open_.emplace_back(name, *std::move(directory));
    return owes;
  }

  Expected<void> take_entries(const std::string& subject, const object::Directory& directory) {
    for (const auto& [name, entry] : directory.entries) {
      Expected<void> taken;
      if (const auto* file = std::get_if<object::File>(&entry)) {
        taken = take_file(file->digest, subject);
      } else if (const auto* promise = std::get_if<object::Promise>(&entry)) {
        taken = take_promise(*promise, subject);
      } else if (const auto* below = std::get_if<object::Subdirectory>(&entry)) {
        const auto owes = take_directory(below->digest, subject);
        if (!owes) {
          return tl::unexpected<Failure>(owes.error());
        }
        if (*owes != below->owes) {
          return culprit(subject + " says of its entry '" + base::printable(name) + "' that it " +
                         (below->owes ? "holds" : "holds no") + " promises, which is not so");
        }
      }
      if (!taken) {
        return taken;
      }
    }
    return {};
  }

  Expected<void> take_file(const Digest& name, const std::string& namer) {
    if (own_files_.count(name) != 0 || own_directories_.count(name) != 0 || files_.count(name) != 0) {
      return {};
    }
    const std::string subject = "object " + name.to_string();
    const auto fd = open_made(name, subject, namer);
    if (!fd) {
      return tl::unexpected<Failure>(fd.error());
    }
    const base::Result<Digest> put = store_.put_file(fd->get(), subject, wanted_);
    if (!put) {
      return failure(put.error());
    }
    if (*put != name) {
      return misnamed(subject);
    }
    files_.insert(name);
    return {};
  }

  // Into the store, and read as what it is named for.
  template <class Value>
  Expected<Value> take_as(const Digest& name, const std::string& subject, const std::string& namer,
                          base::Result<Value> (*decode)(std::string_view)) {
    const auto fd = open_made(name, subject, namer);
    if (!fd) {
      return tl::unexpected<Failure>(fd.error());
    }
    if (name.size() > kMostBytes) {
      return culprit(subject + " is larger than any that gg reads");
    }
    const auto bytes = read_whole(*fd, subject);
    if (!bytes) {
      return tl::unexpected<Failure>(bytes.error());
    }
    base::Result<Value> value = decode(*bytes);
    const base::Result<Digest> put = store_.put(*bytes);
    if (!put) {
      return failure(put.error());
    }
    if (*put != name) {
      return misnamed(subject);
    }
    if (!value) {
      return culprit(subject + ", which " + namer + " names: " + value.error().message);
    }
    return *std::move(value);
  }

  Expected<base::UniqueFd> open_made(const Digest& name, const std::string& subject,
                                     const std::string& namer) {
    const std::string path = std::string(ir::dynamic::kMade) + "/" + name.hex();
    const base::UniqueFd place = open_in_root(root_, path);

    struct stat status {};

    if (!place && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
      return culprit(namer + " names " + subject +
                     ", which is neither of the thunk's own input tree nor newly made");
    }
    if (!place || ::fstat(place.get(), &status) != 0) {
      return system_failure("open", path);
    }
    if (!S_ISREG(status.st_mode)) {
      return culprit("/" + path + " is no regular file");
    }
    if (static_cast<uint64_t>(status.st_size) != name.size()) {
      return misnamed(subject);
    }
    base::UniqueFd fd = reopen(place, O_RDONLY, 0600);
    if (!fd) {
      return system_failure("open", path);
    }
    return fd;
  }

  static tl::unexpected<Failure> misnamed(const std::string& subject) {
    return culprit("the process made " + subject + " of other bytes than its name says");
  }

  int root_;
  object::Store& store_;
  const base::StillWanted& wanted_;
  std::unordered_set<Digest> own_files_;
  std::unordered_set<Digest> own_directories_;
  std::unordered_map<Digest, Outputs> thunks_;  // taken, and what they declare
  std::unordered_map<Digest, bool> owing_;      // directories taken: do they owe?
  std::unordered_set<Digest> files_;            // taken
  std::vector<std::pair<Digest, object::Directory>> open_;
};

Expected<std::string> manifest(int root) {
  const base::UniqueFd place = open_in_root(root, ir::dynamic::kReturned);

  struct stat status {};

  if (!place && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return std::string();
  }
  if (!place || ::fstat(place.get(), &status) != 0) {
    return system_failure("open", ir::dynamic::kReturned);
  }
  if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) > kMostBytes) {
    return culprit(std::string("/") + ir::dynamic::kReturned +
                   " is no regular file, or larger than any that gg reads");
  }
  const base::UniqueFd fd = reopen(place, O_RDONLY, 0600);
  if (!fd) {
    return system_failure("open", ir::dynamic::kReturned);
  }
  return read_whole(fd, ir::dynamic::kReturned);
}

// Is it one of them, or below one?
bool is_in_an_output(std::string path, const std::unordered_set<std::string>& outputs) {
  while (outputs.count(path) == 0) {
    if (path.empty()) {
      return false;
    }
    path = parent_of(path);
  }
  return true;
}

}  // namespace

Expected<void> add_own_tree(TreeReader& trees, const Digest& root, Layout& layout) {
  const auto directories = directories_of(trees, root);
  if (!directories) {
    return tl::unexpected<Failure>(directories.error());
  }
  Layout added;
  const std::string place = ir::dynamic::kPlace;
  for (const Node& node : layout) {
    if (node.path == place ? node.kind != Node::Kind::Directory
                           : is_at_or_below(node.path, place) && node.path != ir::dynamic::kTool) {
      return culprit("the input tree holds '/" + base::printable(node.path) +
                     "', a place that a dynamic thunk has for itself");
    }
  }
  if (!std::binary_search(layout.begin(), layout.end(), node_at(place, Node::Kind::Directory), path_before)) {
    added.push_back(node_at(place, Node::Kind::Directory));
  }
  added.push_back(node_at(ir::dynamic::kKnown, Node::Kind::Directory));
  for (const Digest& directory : *directories) {
    Node node = node_at(std::string(ir::dynamic::kKnown) + "/" + directory.hex(), Node::Kind::File);
    node.digest = directory;
    added.push_back(std::move(node));
  }
  Node link = node_at(ir::dynamic::kRoot, Node::Kind::Symlink);
  link.target = root.to_string();
  added.push_back(std::move(link));
  std::sort(added.begin(), added.end(), path_before);
  const auto middle = static_cast<ptrdiff_t>(layout.size());
  layout.insert(layout.end(), added.begin(), added.end());
  std::inplace_merge(layout.begin(), layout.begin() + middle, layout.end(), path_before);
  return {};
}

Expected<ir::Returned> take_returned(int root, const Layout& layout,
                                     const std::map<std::string, std::string>& places, object::Store& store,
                                     const base::StillWanted& wanted) {
  const auto bytes = manifest(root);
  if (!bytes) {
    return tl::unexpected<Failure>(bytes.error());
  }
  base::Result<ir::Returned> returned = ir::decode_returned(*bytes);
  if (!returned) {
    return failure(returned.error());
  }
  std::unordered_set<std::string> outputs;
  for (const auto& [output, place] : places) {
    outputs.insert(place);
  }
  Intake intake(root, layout, store, wanted);
  for (const auto& [path, promise] : *returned) {
    if (!is_in_an_output(path, outputs)) {
      return culprit("the process returned a promise at '/" + base::printable(path) +
                     "', which is at or below no declared output");
    }
    if (const auto taken = intake.take(promise); !taken) {
      return tl::unexpected<Failure>(taken.error());
    }
  }
  return *std::move(returned);
}

}  // namespace exec
