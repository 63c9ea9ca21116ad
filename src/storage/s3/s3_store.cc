#include "storage/s3/s3_store.hh"

#include "storage/remote/digest_lists.hh"
#include "storage/remote/in_parallel.hh"
#include "storage/remote/moving.hh"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_set>

namespace storage {

namespace {

constexpr uint64_t kGap = 32U << 10U;         // bytes that nobody asked for cost less than a request
constexpr uint64_t kLongestSpan = 8U << 20U;  // of several objects
constexpr int kTriesOfDamaged = 3;

}  // namespace

S3Store::S3Store(BucketCalls& calls, const base::Clock& clock, Options options)
    : calls_(calls), options_(std::move(options)), holdings_(calls, clock, options_.holdings) {}

base::Result<std::optional<std::string>> S3Store::get(const object::Digest& digest) {
  return get_by(digest, [this](std::span<const object::Digest> digests, Store& into) {
    return bring(digests, into, ReadAhead::No, {});
  });
}

base::Result<object::Digest> S3Store::put(std::string_view bytes) {
  return put_by(bytes, [this](std::span<const object::Digest> digests, Store& from) {
    return send(digests, from, {});
  });
}

base::Result<object::Digest> S3Store::put_file(int fd, std::string_view subject,
                                               const base::StillWanted& wanted) {
  return put_file_by(fd, subject, [&](std::span<const object::Digest> digests, Store& from) {
    return send(digests, from, wanted);
  });
}

base::Result<S3Store::Digests> S3Store::missing(std::span<const object::Digest> digests) {
  return holdings_.renew({}).map([&] { return holdings_.lacking(each_once(digests)); });
}

void S3Store::distrust(std::span<const object::Digest> digests) {
  holdings_.lose(digests);
}

base::Result<std::optional<object::Digest>> S3Store::result_of(const object::Digest& thunk) {
  return holdings_.renew({}).map([&] { return holdings_.result_of(thunk); });
}

base::Result<S3Store::Digests> S3Store::send(std::span<const object::Digest> digests, Store& from,
                                             const base::StillWanted& wanted) {
  return send_memos({}, digests, from, wanted);
}

base::Result<S3Store::Digests> S3Store::send_memos(std::span<const Memo> memos,
                                                   std::span<const object::Digest> digests, Store& from,
                                                   const base::StillWanted& wanted) {
  if (const auto renewed = holdings_.renew(wanted); !renewed) {
    return tl::unexpected(renewed.error());
  }
  std::vector<Memo> untold;
  std::copy_if(memos.begin(), memos.end(), std::back_inserter(untold),
               [this](const Memo& memo) { return holdings_.result_of(memo.thunk) != memo.result; });
  Digests lost;
  for (Digests open = holdings_.lacking(each_once(digests)); !open.empty() || !untold.empty();
       open = holdings_.lacking(open)) {
    Digests taken;
    {
      const Flights::Claim claim = sending_.claim(open, taken);
      const Digests mine = holdings_.lacking(claim.mine());
      // A memo is told with the last of what it names, or after it: never before.
      const bool is_last = taken.empty() && lost.empty();
      const auto sent = upload(groups(mine), is_last ? untold : std::vector<Memo>(), from, wanted);
      if (!sent) {
        return sent;
      }
      append(lost, *sent);
      if (is_last || !lost.empty()) {
        untold.clear();
      }
    }
    if (!sending_.wait(taken, wanted)) {
      return not_wanted();
    }
    open = std::move(taken);
  }
  return lost;
}

std::vector<S3Store::Digests> S3Store::groups(const Digests& digests) const {
  std::vector<Digests> all;
  Digests group;
  uint64_t bytes = 0;
  for (const object::Digest& digest : digests) {
    if (digest.size() >= options_.alone_bytes) {
      all.insert(all.begin(), {digest});  // the longest first
      continue;
    }
    if (bytes + digest.size() > options_.pack_bytes) {
      all.push_back(std::exchange(group, {}));
      bytes = 0;
    }
    group.push_back(digest);
    bytes += digest.size();
  }
  all.push_back(std::move(group));
  return all;
}

// The last group is the memos' own, even if it is empty.
base::Result<S3Store::Digests> S3Store::upload(const std::vector<Digests>& groups,
                                               std::span<const Memo> memos, Store& from,
                                               const base::StillWanted& wanted) {
  std::mutex mutex;
  Digests lost;
  const auto send = [&](const Digests& group, std::span<const Memo> told) -> base::Result<void> {
    const auto sent = upload_pack(group, told, from, wanted);
    if (!sent) {
      return tl::unexpected(sent.error());
    }
    const std::scoped_lock lock(mutex);
    append(lost, *sent);
    return {};
  };
  const size_t count = memos.empty() ? groups.size() : groups.size() - 1;
  if (const auto sent = in_parallel(count, options_.streams, [&](size_t at) { return send(groups[at], {}); });
      !sent) {
    return tl::unexpected(sent.error());
  }
  if (!memos.empty()) {
    if (const auto sent = send(groups.back(), lost.empty() ? memos : std::span<const Memo>()); !sent) {
      return tl::unexpected(sent.error());
    }
  }
  return lost;
}

base::Result<S3Store::Digests> S3Store::upload_pack(const Digests& digests, std::span<const Memo> memos,
                                                    Store& from, const base::StillWanted& wanted) {
  PackBuilder builder;
  Digests lost;
  const size_t empty = builder.bytes();
  for (const object::Digest& digest : digests) {
    const auto bytes = from.get(digest);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    if (*bytes) {
      builder.add(digest, **bytes);
    } else {
      lost.push_back(digest);
    }
    if (!base::is_wanted(wanted)) {
      return not_wanted();
    }
  }
  const bool tells = lost.empty() && !memos.empty();
  if (lost.size() == digests.size() && builder.bytes() == empty && !tells) {
    return lost;
  }
  for (const Memo& memo : memos) {
    if (tells) {
      builder.add(PackedMemo{memo.thunk, memo.result});
    }
  }
  PackBuilder::Pack pack = std::move(builder).take();
  const std::string key = Holdings::kFolder + net::aws::sha256_hex(pack.bytes);
  if (const auto put = calls_.put(key, pack.bytes, wanted); !put) {
    return tl::unexpected(put.error());
  }
  holdings_.add(key, pack.bytes.size(), std::move(pack.index));
  return lost;
}

base::Result<S3Store::Digests> S3Store::fetch(std::span<const object::Digest> digests, Store& into,
                                              const base::StillWanted& wanted) {
  return bring(digests, into, ReadAhead::Yes, wanted);
}

base::Result<S3Store::Digests> S3Store::bring(std::span<const object::Digest> digests, Store& into,
                                              ReadAhead ahead, const base::StillWanted& wanted) {
  return bring_once(fetching_, digests, into, wanted,
                    [&](const Digests& mine) { return download(mine, into, ahead, wanted); });
}

// What lies together in a pack is one request.
std::vector<S3Store::Span> S3Store::spans(const Digests& digests, Digests& absent) const {
  std::vector<Holdings::Place> places;
  for (const object::Digest& digest : digests) {
    if (auto place = holdings_.find(digest)) {
      places.push_back(std::move(*place));
    } else {
      absent.push_back(digest);
    }
  }
  std::sort(places.begin(), places.end(), [](const Holdings::Place& a, const Holdings::Place& b) {
    return std::tie(a.key, a.object.offset) < std::tie(b.key, b.object.offset);
  });
  std::vector<Span> all;
  for (const Holdings::Place& place : places) {
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

std::vector<PackedObject> S3Store::ahead_of(const Span& span, Store& into) const {
  if (span.bytes >= options_.read_ahead) {
    return {};
  }
  std::vector<PackedObject> behind =
      holdings_.between(span.key, span.offset + span.bytes, span.offset + options_.read_ahead);
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

base::Result<S3Store::Digests> S3Store::download(const Digests& digests, Store& into, ReadAhead read_ahead,
                                                 const base::StillWanted& wanted) {
  Digests absent;
  const std::vector<Span> all = spans(digests, absent);
  std::mutex mutex;
  const auto got = in_parallel(all.size(), options_.streams, [&](size_t at) -> base::Result<void> {
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
base::Result<S3Store::Digests> S3Store::download_span(const Span& span, Store& into,
                                                      const base::StillWanted& wanted) {
  std::vector<PackedObject> open = span.objects;
  for (int attempt = 0; attempt < kTriesOfDamaged && !open.empty(); ++attempt) {
    std::optional<std::string> bytes = std::string();
    if (span.bytes != 0) {
      auto read = calls_.get(span.key, {span.offset, span.bytes}, wanted);
      if (!read) {
        return tl::unexpected(std::move(read.error()));
      }
      bytes = std::move(*read);
    }
    if (!bytes) {
      holdings_.lose_pack(span.key);
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
  holdings_.lose(gone);
  return gone;
}

}  // namespace storage
