#include "model/thunk_reader.hh"

namespace model {

namespace {

base::Result<std::string> bytes_of(object::Store& store, const object::Digest& digest) {
  auto bytes = store.get(digest);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  if (!*bytes) {
    return base::failure("the store has lost the object " + digest.to_string() +
                             " of a thunk of this build; remove its placeholder and build it again",
                         base::FailureKind::RetryHere);
  }
  return **std::move(bytes);
}

// Recursion as deep as a path has components.
base::Result<void> collect(object::Store& store, const object::Digest& digest, const std::string& path,
                           std::map<std::string, object::Entry>& leaves) {
  const auto bytes = bytes_of(store, digest);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto directory = object::decode_directory(*bytes);
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  for (const auto& entry : directory->entries) {
    const std::string below = path + "/" + entry.first;
    if (const auto* sub = std::get_if<object::Subdirectory>(&entry.second)) {
      if (auto done = collect(store, sub->digest, below, leaves); !done) {
        return done;
      }
    } else {
      leaves.emplace(below, entry.second);
    }
  }
  return {};
}

}  // namespace

base::Result<ReadThunk> read_thunk(object::Store& store, const object::Digest& name) {
  const auto bytes = bytes_of(store, name);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  const auto thunk = ir::decode_thunk(*bytes);
  if (!thunk) {
    return tl::unexpected(thunk.error());
  }
  const auto command_bytes = bytes_of(store, thunk->command);
  if (!command_bytes) {
    return tl::unexpected(command_bytes.error());
  }
  auto command = ir::decode_command(*command_bytes);
  if (!command) {
    return tl::unexpected(command.error());
  }
  return ReadThunk{*std::move(command), thunk->input_root};
}

base::Result<std::map<std::string, object::Entry>> leaves_of(object::Store& store, const ReadThunk& thunk) {
  std::map<std::string, object::Entry> leaves;
  if (auto done = collect(store, thunk.input_root, "", leaves); !done) {
    return tl::unexpected(done.error());
  }
  return leaves;
}

bool makes_thin_archive(const ReadThunk& thunk) {
  const std::vector<std::string>& words = thunk.command.arguments;
  if (words.size() > 1 && words[1] == "--thin") {
    return true;
  }
  return words.size() > 1 && words[1].find('T') != std::string::npos;
}

}  // namespace model
