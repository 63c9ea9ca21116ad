#include "cli/concrete.hh"

#include "base/errors.hh"
#include "cli/thunk_reader.hh"
#include "ir/reduce.hh"

namespace cli {

std::optional<object::Entry> kept(object::Records& records, const object::Promise& promise) {
  const auto memo = memo_of(records, promise.thunk);
  if (!memo) {
    return std::nullopt;
  }
  const auto output = memo->outputs.find(promise.output);
  return output == memo->outputs.end() ? std::nullopt : std::optional(output->second);
}

namespace {

// The tree with its promises replaced; nullopt where a memo is missing.
std::optional<object::Digest> settled_tree(object::Store& store, object::Records& records,
                                           const object::Digest& root) {
  const auto read = [&](const object::Digest& digest) -> base::Result<object::Directory> {
    return read_directory(store, digest);
  };
  std::map<object::Promise, object::Entry> kept_for;
  for (const object::Promise& promise : base::value_or_throw(ir::promises_in(root, read))) {
    auto entry = kept(records, promise);
    if (!entry) {
      return std::nullopt;
    }
    kept_for.emplace(promise, *std::move(entry));
  }
  return base::value_or_throw(ir::substitute(
      root, read, [&](const object::Directory& directory) { return store.put(object::encode(directory)); },
      [&](const object::Promise& promise) -> std::optional<object::Entry> { return kept_for.at(promise); }));
}

}  // namespace

std::optional<object::Digest> concrete_form(object::Store& store, object::Records& records,
                                            const object::Digest& thunk) {
  ir::Thunk concrete = read_thunk(store, thunk);
  const auto root = settled_tree(store, records, concrete.input_root);
  if (!root) {
    return std::nullopt;
  }
  if (*root == concrete.input_root) {
    return thunk;
  }
  concrete.input_root = *root;
  return base::value_or_throw(store.put(ir::encode(concrete)));
}

std::optional<ir::Result> settled(object::Store& store, object::Records& records, const ir::Result& result) {
  ir::Result whole = result;
  for (auto& [path, entry] : whole.outputs) {
    const auto* directory = std::get_if<object::Subdirectory>(&entry);
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      auto become = kept(records, *promise);
      if (!become) {
        return std::nullopt;
      }
      entry = *std::move(become);
    } else if (directory != nullptr && directory->owes) {
      const auto root = settled_tree(store, records, directory->digest);
      if (!root) {
        return std::nullopt;
      }
      entry = object::Subdirectory{*root, false};
    }
  }
  return whole;
}

}  // namespace cli
