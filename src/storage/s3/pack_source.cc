#include "storage/s3/pack_source.hh"

#include <algorithm>
#include <string_view>

namespace storage {

namespace {

constexpr uint64_t kGuess = 64U << 10U;  // the end of a pack in which most indexes fit

}  // namespace

base::Result<std::optional<PackIndex>> read_index(PackBytes& packs, const std::string& key, uint64_t bytes,
                                                  const base::StillWanted& wanted) {
  constexpr int kTries = 3;  // bits may flip on the way
  for (int attempt = 0; attempt < kTries && bytes >= kPackFooterBytes; ++attempt) {
    uint64_t length = std::min(bytes, kGuess);
    auto end = packs.get(key, {bytes - length, length}, wanted);
    if (!end || !*end) {
      return end ? base::Result<std::optional<PackIndex>>(std::nullopt) : tl::unexpected(end.error());
    }
    const auto wants =
        index_and_footer_bytes(std::string_view(**end).substr((*end)->size() - kPackFooterBytes), bytes);
    if (!wants) {
      continue;
    }
    if (*wants > length) {
      length = *wants;
      end = packs.get(key, {bytes - length, length}, wanted);
      if (!end || !*end) {
        return end ? base::Result<std::optional<PackIndex>>(std::nullopt) : tl::unexpected(end.error());
      }
    }
    if (auto index = decode_index(std::string_view(**end).substr((*end)->size() - *wants), bytes)) {
      return std::optional(std::move(*index));
    }
  }
  return std::optional<PackIndex>();
}

}  // namespace storage
