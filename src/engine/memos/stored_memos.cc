#include "engine/memos/stored_memos.hh"

#include "engine/memos/result_objects.hh"

#include <utility>

namespace engine {

namespace {

using Digests = std::vector<object::Digest>;

}  // namespace

base::Result<std::optional<ir::Result>> StoredMemos::ask(const object::Digest& thunk) {
  const auto named = there_.result_of(thunk);
  if (!named || !*named) {
    return named.map([](const auto&) { return std::optional<ir::Result>(); });
  }
  const auto brought = bring(there_, here_, {{**named}, {}}, {});
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
  const auto held = bring(there_, here_, objects_of(*result), {});
  if (!held) {
    return tl::unexpected(held.error());
  }
  return *held ? std::optional(std::move(*result)) : std::nullopt;
}

base::Result<void> StoredMemos::tell(std::span<const Memo> memos, const base::StillWanted& wanted) {
  std::vector<object::MemoStore::Memo> told;
  Digests objects;
  for (const Memo& memo : memos) {
    ResultObjects objects_named = objects_of(memo.result);
    Digests& named = objects_named.files;
    bool is_whole = true;
    while (!objects_named.directories.empty() && is_whole) {
      const Digests directories = std::exchange(objects_named.directories, {});
      named.insert(named.end(), directories.begin(), directories.end());
      const auto read = look_into(here_, directories, objects_named);
      if (!read) {
        return tl::unexpected(read.error());
      }
      is_whole = *read;
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
