#include "object/tree.hh"

#include "object/wire.hh"

#include <google/protobuf/arena.h>

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

// Collects entries and remembers the first thing wrong.
class Reader {
 public:
  void take(const std::string& name, std::optional<Entry> entry) {
    if (!is_entry_name(name)) {
      problem_ = "an entry's name is empty, \".\", \"..\", or holds \"/\" or NUL";
    } else if (!entry) {
      problem_ = "entry '" + name + "' has no proper digest";
    } else if (!directory_.entries.emplace(name, *std::move(entry)).second) {
      problem_ = "entry '" + name + "' stands twice";
    }
  }

  base::Result<Directory> finish() {
    if (!problem_.empty()) {
      return base::failure("not a directory object: " + problem_);
    }
    return std::move(directory_);
  }

 private:
  Directory directory_;
  std::string problem_;
};

std::optional<Entry> file_of(const gg::v1::FileNode& node) {
  const auto digest = from_wire(node.digest());
  return digest ? std::optional<Entry>(File{*digest, node.is_executable()}) : std::nullopt;
}

std::optional<Entry> subdirectory_of(const gg::v1::DirectoryNode& node) {
  const auto digest = from_wire(node.digest());
  return digest ? std::optional<Entry>(Subdirectory{*digest, node.owes()}) : std::nullopt;
}

std::optional<Entry> promise_of(const gg::v1::PromiseNode& node) {
  const auto thunk = from_wire(node.thunk());
  return thunk ? std::optional<Entry>(Promise{*thunk, node.output()}) : std::nullopt;
}

}  // namespace

bool is_entry_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
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

std::string encode(const Directory& directory) {
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
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::failure("not a directory object: no such message");
  }
  Reader reader;
  for (const auto& node : message->files()) {
    reader.take(node.name(), file_of(node));
  }
  for (const auto& node : message->directories()) {
    reader.take(node.name(), subdirectory_of(node));
  }
  for (const auto& node : message->symlinks()) {
    reader.take(node.name(), Symlink{node.target()});
  }
  for (const auto& node : message->promises()) {
    reader.take(node.name(), promise_of(node));
  }
  auto directory = reader.finish();
  if (directory && encode(*directory) != bytes) {
    return base::failure("not a directory object: not in canonical form");
  }
  return directory;
}

}  // namespace object
