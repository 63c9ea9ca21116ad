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

std::optional<object::Digest> concrete_form(object::Store& store, object::Records& records,
                                            const object::Digest& thunk) {
  ir::Thunk concrete = read_thunk(store, thunk);
  const std::vector<object::Promise> promises = dependencies(store, thunk);
  if (promises.empty()) {
    return thunk;
  }
  std::map<object::Promise, object::Entry> kept_for;
  for (const object::Promise& promise : promises) {
    auto entry = kept(records, promise);
    if (!entry) {
      return std::nullopt;
    }
    kept_for.emplace(promise, *std::move(entry));
  }
  concrete.input_root = base::value_or_throw(ir::substitute(
      concrete.input_root,
      [&](const object::Digest& digest) -> base::Result<object::Directory> {
        return read_directory(store, digest);
      },
      [&](const object::Directory& directory) { return store.put(object::encode(directory)); },
      [&](const object::Promise& promise) -> std::optional<object::Entry> { return kept_for.at(promise); }));
  return base::value_or_throw(store.put(ir::encode(concrete)));
}

}  // namespace cli
