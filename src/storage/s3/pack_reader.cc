#include "storage/s3/pack_reader.hh"

#include "base/in_parallel.hh"
#include "storage/remote/moving.hh"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <unordered_set>

namespace storage {

namespace {

constexpr uint64_t kGap = 32U << 10U;         // bytes that nobody asked for cost less than a request
constexpr uint64_t kLongestSpan = 8U << 20U;  // of several objects
constexpr int kTriesOfDamaged = 3;

}  // namespace

base::Result<PackReader::Digests> PackReader::fetch(std::span<const object::Digest> digests, Store& into,
                                                    ReadAhead ahead, const base::StillWanted& wanted) {
  return bring_once(fetching_, digests, into, wanted,
                    [&](const Digests& mine) { return download(mine, into, ahead, wanted); });
}

// What lies together in a pack is one request.
std::vector<PackReader::Span> PackReader::spans(const Digests& digests, Digests& absent) const {
  std::vector<PackPlaces::Place> found;
  for (const object::Digest& digest : digests) {
    if (auto place = places_.find(digest)) {
      found.push_back(std::move(*place));
    } else {
      absent.push_back(digest);
    }
  }
  std::sort(found.begin(), found.end(), [](const PackPlaces::Place& a, const PackPlaces::Place& b) {
    return std::tie(a.key, a.object.offset) < std::tie(b.key, b.object.offset);
  });
  std::vector<Span> all;
  for (const PackPlaces::Place& place : found) {
    const PackedObject& object = place.object;
    const uint64_t end = object.offset + object.stored;
    Span* last = all.empty() ? nullptr : &all.back();
    if (last == nullptr || last->key != place.key || object.offset > last->offset + last->bytes + kGap ||
        end - last->offset > kLongestSpan) {
      all.push_back({place.key, object.offset, 0, {}});
      last = &all.back();
    }
    last->bytes = std::max(last->bytes, end - last->offset);
    last->objects.push_back(object);
  }
  return all;
}

std::vector<PackedObject> PackReader::ahead_of(const Span& span, Store& into) const {
  if (span.bytes >= options_.read_ahead) {
    return {};
  }
  std::vector<PackedObject> behind =
      places_.between(span.key, span.offset + span.bytes, span.offset + options_.read_ahead);
  Digests digests;
  for (const PackedObject& object : behind) {
    digests.push_back(object.digest);
  }
  const auto lacking = into.missing(digests);
  if (!lacking) {
    return {};
  }
  const std::unordered_set<object::Digest> wanted(lacking->begin(), lacking->end());
  behind.erase(std::remove_if(behind.begin(), behind.end(),
                              [&](const PackedObject& object) { return wanted.count(object.digest) == 0; }),
               behind.end());
  return behind;
}

base::Result<PackReader::Digests> PackReader::download(const Digests& digests, Store& into,
                                                       ReadAhead read_ahead,
                                                       const base::StillWanted& wanted) {
  Digests absent;
  const std::vector<Span> all = spans(digests, absent);
  std::mutex mutex;
  const auto got = base::in_parallel(all.size(), options_.streams, [&](size_t at) -> base::Result<void> {
    Span span = all[at];
    const auto behind = read_ahead == ReadAhead::Yes ? ahead_of(span, into) : std::vector<PackedObject>();
    Digests names;
    for (const PackedObject& object : behind) {
      names.push_back(object.digest);
    }
    Digests taken;
    const Flights::Claim claim = fetching_.claim(names, taken);
    const std::unordered_set<object::Digest> ours(claim.mine().begin(), claim.mine().end());
    for (const PackedObject& object : behind) {
      const uint64_t end = span.offset + span.bytes;
      if (ours.count(object.digest) != 0 && object.offset <= end + kGap) {
        span.objects.push_back(object);
        span.bytes = object.offset + object.stored - span.offset;
      }
    }
    const auto gone = download_span(span, into, wanted);
    if (!gone) {
      return tl::unexpected(gone.error());
    }
    const std::scoped_lock lock(mutex);
    std::copy_if(gone->begin(), gone->end(), std::back_inserter(absent),
                 [&](const object::Digest& digest) { return ours.count(digest) == 0; });
    return {};
  });
  if (!got) {
    return tl::unexpected(got.error());
  }
  return absent;
}

// What does not match its name was damaged on the way, or lies there damaged: then it counts as not there,
// and whoever needs it has it made again.
base::Result<PackReader::Digests> PackReader::download_span(const Span& span, Store& into,
                                                            const base::StillWanted& wanted) {
  std::vector<PackedObject> open = span.objects;
  for (int attempt = 0; attempt < kTriesOfDamaged && !open.empty(); ++attempt) {
    std::optional<std::string> bytes = std::string();
    if (span.bytes != 0) {
      auto read = packs_.get(span.key, {span.offset, span.bytes}, wanted);
      if (!read) {
        return tl::unexpected(std::move(read.error()));
      }
      bytes = std::move(*read);
    }
    if (!bytes) {
      places_.lose_pack(span.key);
      break;
    }
    std::vector<PackedObject> damaged;
    for (const PackedObject& object : open) {
      const auto whole =
          unpack(object, std::string_view(*bytes).substr(object.offset - span.offset, object.stored));
      if (!whole) {
        damaged.push_back(object);
      } else if (const auto put = into.put(*whole); !put) {
        return tl::unexpected(put.error());
      }
    }
    open = std::move(damaged);
  }
  Digests gone;
  for (const PackedObject& object : open) {
    gone.push_back(object.digest);
  }
  places_.lose(gone);
  return gone;
}

}  // namespace storage
