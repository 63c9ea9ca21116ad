#include "storage/s3/s3_store.hh"

#include "base/in_parallel.hh"
#include "storage/remote/digest_lists.hh"
#include "storage/remote/moving.hh"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_set>

namespace storage {

S3Store::S3Store(BucketCalls& calls, const base::Clock& clock, Options options)
    : calls_(calls),
      clock_(clock),
      options_(std::move(options)),
      holdings_(calls, clock, options_.holdings),
      reader_(calls, holdings_, fetching_, options_.reading) {}

base::Result<std::optional<std::string>> S3Store::get(const object::Digest& digest) {
  return get_by(digest, [this](std::span<const object::Digest> digests, Store& into) {
    return reader_.fetch(digests, into, PackReader::ReadAhead::No, {});
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
  if (const auto sent =
          base::in_parallel(count, options_.streams, [&](size_t at) { return send(groups[at], {}); });
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
  return reader_.fetch(digests, into, PackReader::ReadAhead::Yes, wanted);
}

base::Result<std::vector<object::LentPack>> S3Store::lend(std::span<const object::Digest> digests,
                                                          std::chrono::seconds lifetime,
                                                          const base::StillWanted& wanted) {
  constexpr size_t kFew = 8;  // to name them costs less than to read an index
  std::map<std::string, std::vector<PackedObject>> packs;
  for (const object::Digest& digest : each_once(digests)) {
    if (auto place = holdings_.find(digest)) {
      packs[place->key].push_back(place->object);
    }
  }
  std::vector<object::LentPack> all;
  for (auto& [key, objects] : packs) {
    const auto bytes = holdings_.bytes_of(key);
    if (!bytes) {
      continue;  // lost meanwhile
    }
    auto url = url_of(key, lifetime, wanted);
    if (!url) {
      return tl::unexpected(std::move(url.error()));
    }
    if (objects.size() > kFew) {
      objects.clear();
    }
    all.push_back({key.substr(std::string_view(Holdings::kFolder).size()), *bytes, std::move(*url),
                   std::move(objects)});
  }
  return all;
}

// The same for many: what they send of it is compressed, and signing takes longer than looking.
base::Result<std::string> S3Store::url_of(const std::string& key, std::chrono::seconds lifetime,
                                          const base::StillWanted& wanted) {
  const base::Nanoseconds now = clock_.wall();
  auto held = lent_.with([&](auto& lent) {
    const auto found = lent.find(key);
    return found != lent.end() && found->second.until >= now + lifetime ? found->second.url : std::string();
  });
  if (!held.empty()) {
    return held;
  }
  auto fresh = calls_.lend("GET", key, 2 * lifetime, wanted);
  if (!fresh) {
    return tl::unexpected(std::move(fresh.error()));
  }
  lent_.with([&](auto& lent) { lent.insert_or_assign(key, *fresh); });
  return std::move(fresh->url);
}

base::Result<object::LentPlace> S3Store::lend_place(const object::Digest& thunk, uint64_t attempt,
                                                    std::chrono::seconds lifetime,
                                                    const base::StillWanted& wanted) {
  std::string name = pack_name_of(thunk, attempt);
  return calls_.lend("PUT", Holdings::kFolder + name, lifetime, wanted).map([&](BucketCalls::Lent lent) {
    return object::LentPlace{std::move(name), std::move(lent.url)};
  });
}

base::Result<void> S3Store::take_over(const std::string& name, uint64_t bytes,
                                      std::string_view index_and_footer) {
  auto index = decode_index(index_and_footer, bytes);
  if (!index || !is_pack_name(name)) {
    return index ? base::failure("that is no pack's name", base::FailureKind::RetryElsewhere)
                 : tl::unexpected(std::move(index.error()));
  }
  holdings_.add(Holdings::kFolder + name, bytes, std::move(*index));
  return {};
}

}  // namespace storage
