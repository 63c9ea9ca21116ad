#include "cli/thunk_reader.hh"

#include "base/errors.hh"
#include "ir/reduce.hh"

namespace cli {

namespace {

void walk_below(object::Store& store, const object::Digest& digest, const std::string& prefix,
                const std::function<void(const std::string&, const object::Entry&)>& visit) {
  const object::Directory directory = read_directory(store, digest);
  for (const auto& entry : directory.entries) {
    const std::string path = prefix + entry.first;
    if (const auto* below = std::get_if<object::Subdirectory>(&entry.second)) {
      walk_below(store, below->digest, path + "/", visit);
    } else {
      visit(path, entry.second);
    }
  }
}

}  // namespace

std::string read_object(object::Store& store, const object::Digest& digest) {
  auto bytes = base::value_or_throw(store.get(digest));
  if (!bytes) {
    throw base::OperatorError("the store does not hold " + digest.to_string() +
                              " (it may have been collected by `gg gc`; run the build again to make it)");
  }
  return *std::move(bytes);
}

ir::Thunk read_thunk(object::Store& store, const object::Digest& thunk) {
  return base::value_or_throw(ir::decode_thunk(read_object(store, thunk)));
}

ir::Command read_command(object::Store& store, const object::Digest& command) {
  return base::value_or_throw(ir::decode_command(read_object(store, command)));
}

object::Directory read_directory(object::Store& store, const object::Digest& directory) {
  return base::value_or_throw(object::decode_directory(read_object(store, directory)));
}

void walk(object::Store& store, const object::Digest& root,
          const std::function<void(const std::string&, const object::Entry&)>& visit) {
  walk_below(store, root, "", visit);
}

std::vector<object::Promise> dependencies(object::Store& store, const object::Digest& thunk) {
  const auto read = [&](const object::Digest& digest) -> base::Result<object::Directory> {
    return read_directory(store, digest);
  };
  return base::value_or_throw(ir::promises_in(read_thunk(store, thunk).input_root, read));
}

std::optional<ir::Result> memo_of(object::Records& records, const object::Digest& thunk) {
  const auto record = base::value_or_throw(records.find(object::kMemoTable, thunk));
  if (!record) {
    return std::nullopt;
  }
  return base::value_or_throw(ir::decode_result(*record));
}

}  // namespace cli
