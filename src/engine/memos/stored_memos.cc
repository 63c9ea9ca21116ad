#include "engine/memos/stored_memos.hh"

#include "object/tree.hh"

#include <unordered_set>
#include <utility>

namespace engine {

namespace {

using Digests = std::vector<object::Digest>;

// What the entries name: files, and the roots of directories.
template <class Entries>
void name_entries(const Entries& entries, Digests& files, Digests& directories) {
  for (const auto& [name, entry] : entries) {
    if (const auto* file = std::get_if<object::File>(&entry)) {
      files.push_back(file->digest);
    } else if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
      directories.push_back(directory->digest);
    }
  }
}

void name_objects(const ir::Result& result, Digests& files, Digests& directories) {
  name_entries(result.outputs, files, directories);
  for (const auto& stream : {result.standard_output, result.standard_error}) {
    if (stream) {
      files.push_back(*stream);
    }
  }
}

// The directories themselves, read; and what they name. False: one of them is not here.
base::Result<bool> look_into(object::Store& here, const Digests& directories, Digests& files,
                             Digests& below) {
  for (const object::Digest& digest : directories) {
    const auto bytes = here.get(digest);
    if (!bytes || !*bytes) {
      return bytes.map([](const auto&) { return false; });
    }
    const auto directory = object::decode_directory(**bytes);
    if (!directory) {
      return false;
    }
    name_entries(directory->entries, files, below);
  }
  return true;
}

}  // namespace

base::Result<bool> StoredMemos::bring(Digests files, Digests directories) {
  std::unordered_set<object::Digest> seen;
  while (!directories.empty()) {
    Digests fresh;
    for (const object::Digest& digest : directories) {
      if (seen.insert(digest).second) {
        fresh.push_back(digest);
      }
    }
    const auto gone = there_.fetch(fresh, here_, {});
    if (!gone || !gone->empty()) {
      return gone.map([](const Digests&) { return false; });
    }
    Digests below;
    const auto read = look_into(here_, fresh, files, below);
    if (!read || !*read) {
      return read;
    }
    directories = std::move(below);
  }
  return there_.fetch(files, here_, {}).map([](const Digests& gone) { return gone.empty(); });
}

base::Result<std::optional<ir::Result>> StoredMemos::ask(const object::Digest& thunk) {
  const auto named = there_.result_of(thunk);
  if (!named || !*named) {
    return named.map([](const auto&) { return std::optional<ir::Result>(); });
  }
  const auto brought = bring({**named}, {});
  if (!brought || !*brought) {
    return brought.map([](bool) { return std::optional<ir::Result>(); });
  }
  const auto bytes = here_.get(**named);
  if (!bytes || !*bytes) {
    return bytes.map([](const auto&) { return std::optional<ir::Result>(); });
  }
  auto result = ir::decode_result(**bytes);
  if (!result || result->exit_code != 0 || result->owes()) {
    return std::nullopt;  // no result of ours; it is made here
  }
  Digests files;
  Digests directories;
  name_objects(*result, files, directories);
  const auto held = bring(std::move(files), std::move(directories));
  if (!held) {
    return tl::unexpected(held.error());
  }
  return *held ? std::optional(std::move(*result)) : std::nullopt;
}

base::Result<void> StoredMemos::tell(std::span<const Memo> memos, const base::StillWanted& wanted) {
  std::vector<object::MemoStore::Memo> told;
  Digests objects;
  for (const Memo& memo : memos) {
    Digests named;
    Digests directories;
    name_objects(memo.result, named, directories);
    bool is_whole = true;
    while (!directories.empty() && is_whole) {
      Digests below;
      named.insert(named.end(), directories.begin(), directories.end());
      const auto read = look_into(here_, directories, named, below);
      if (!read) {
        return tl::unexpected(read.error());
      }
      is_whole = *read;
      directories = std::move(below);
    }
    const auto lacking = here_.missing(named);
    if (!lacking) {
      return tl::unexpected(lacking.error());
    }
    if (!is_whole || !lacking->empty()) {
      continue;  // what is gone here cannot be told; the others can
    }
    const auto result = here_.put(ir::encode(memo.result));
    if (!result) {
      return tl::unexpected(result.error());
    }
    told.push_back({memo.thunk, *result});
    objects.push_back(*result);
    objects.insert(objects.end(), named.begin(), named.end());
  }
  const auto lost = there_.send_memos(told, objects, here_, wanted);
  return lost ? base::Result<void>() : tl::unexpected(lost.error());
}

}  // namespace engine
