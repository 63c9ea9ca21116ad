#include "object/tree.hh"

#include "base/quote.hh"
#include "object/wire.hh"

#include <google/protobuf/arena.h>

#include <stdexcept>

#include "gg/v1/object.pb.h"

namespace object {

namespace {

struct AddTo {
  gg::v1::Directory& message;
  const std::string& name;

  void operator()(const File& file) const {
    auto* node = message.add_files();
    node->set_name(name);
    to_wire(file.digest, *node->mutable_digest());
    node->set_is_executable(file.executable);
  }

  void operator()(const Subdirectory& directory) const {
    auto* node = message.add_directories();
    node->set_name(name);
    to_wire(directory.digest, *node->mutable_digest());
    node->set_owes(directory.owes);
  }

  void operator()(const Symlink& link) const {
    auto* node = message.add_symlinks();
    node->set_name(name);
    node->set_target(link.target);
  }

  void operator()(const Promise& promise) const {
    auto* node = message.add_promises();
    node->set_name(name);
    to_wire(promise.thunk, *node->mutable_thunk());
    node->set_output(promise.output);
  }
};

base::Result<void> refuse(const std::string& name, std::string_view problem) {
  return base::failure("entry '" + base::printable(name) + "': " + std::string(problem));
}

}  // namespace

bool is_entry_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

bool is_output_path(std::string_view path) {
  while (path.starts_with("../")) {
    path.remove_prefix(3);
  }
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    if (!is_entry_name(path.substr(0, slash))) {
      return false;
    }
    path.remove_prefix(slash + 1);
  }
  return is_entry_name(path);
}

bool Directory::owes() const {
  for (const auto& entry : entries) {
    const auto* below = std::get_if<Subdirectory>(&entry.second);
    if (std::holds_alternative<Promise>(entry.second) || (below != nullptr && below->owes)) {
      return true;
    }
  }
  return false;
}

base::Result<void> check(const Directory& directory) {
  for (const auto& entry : directory.entries) {
    if (!is_entry_name(entry.first)) {
      return refuse(entry.first, R"(its name is empty, "." or "..", or holds '/' or NUL)");
    }
    if (const std::string_view problem = problem_with(entry.second); !problem.empty()) {
      return refuse(entry.first, problem);
    }
  }
  return {};
}

std::string encode(const Directory& directory) {
  if (const auto fit = check(directory); !fit) {
    throw std::logic_error("cannot encode a directory: " + fit.error().message);
  }
  google::protobuf::Arena arena;
  auto* message = google::protobuf::Arena::CreateMessage<gg::v1::Directory>(&arena);
  for (const auto& entry : directory.entries) {
    std::visit(AddTo{*message, entry.first}, entry.second);
  }
  return canonical_bytes(*message);
}

base::Result<Directory> decode_directory(std::string_view bytes) {
  google::protobuf::Arena arena;
  auto* message = google::protobuf::Arena::CreateMessage<gg::v1::Directory>(&arena);
  if (!parse(bytes, *message)) {
    return base::failure("not a directory object: no such message");
  }
  // A name that stands twice is taken once, so the comparison below refuses it.
  Directory directory;
  for (const auto& node : message->files()) {
    directory.entries.emplace(node.name(), File{from_wire(node.digest()), node.is_executable()});
  }
  for (const auto& node : message->directories()) {
    directory.entries.emplace(node.name(), Subdirectory{from_wire(node.digest()), node.owes()});
  }
  for (const auto& node : message->symlinks()) {
    directory.entries.emplace(node.name(), Symlink{node.target()});
  }
  for (const auto& node : message->promises()) {
    directory.entries.emplace(node.name(), Promise{from_wire(node.thunk()), node.output()});
  }
  if (const auto fit = check(directory); !fit) {
    return base::failure("not a directory object: " + fit.error().message);
  }
  if (encode(directory) != bytes) {
    return base::failure(
        "not a directory object: not in canonical form (order, repeated names, other fields)");
  }
  return directory;
}

}  // namespace object
