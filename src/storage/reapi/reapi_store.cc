#include "storage/reapi/reapi_store.hh"

#include "base/guarded.hh"
#include "base/in_parallel.hh"
#include "object/hash.hh"
#include "storage/reapi/asked_batches.hh"
#include "storage/remote/digest_lists.hh"
#include "storage/remote/moving.hh"

#include <algorithm>
#include <unordered_set>

namespace storage {

namespace {

using Digests = std::vector<object::Digest>;

// Of a send: some 80 KB of question, which the first batches can follow soon.
constexpr size_t kAskedAtOnce = 1000;

// All streams together fill a line for longer than a round trip takes, and the last ones end at about the
// same time.
constexpr uint64_t kBatchBytes = 1U << 20U;

std::vector<Digests> slices_of(const Digests& digests, size_t length) {
  std::vector<Digests> slices;
  for (size_t at = 0; at < digests.size(); at += length) {
    const auto begin = digests.begin() + static_cast<std::ptrdiff_t>(at);
    slices.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(std::min(length, digests.size() - at)));
  }
  return slices;
}

}  // namespace

ReapiStore::ReapiStore(net::GrpcService& service, const base::Clock& clock, Options options)
    : options_(std::move(options)), calls_(service, options_), leases_(clock, options_.lease) {}

base::Result<std::optional<std::string>> ReapiStore::get(const object::Digest& digest) {
  return get_by(digest, [this](std::span<const object::Digest> digests, Store& into) {
    return fetch(digests, into, {});
  });
}

base::Result<object::Digest> ReapiStore::put(std::string_view bytes) {
  return put_by(bytes, [this](std::span<const object::Digest> digests, Store& from) {
    return send(digests, from, {});
  });
}

base::Result<object::Digest> ReapiStore::put_file(int fd, std::string_view subject,
                                                  const base::StillWanted& wanted) {
  return put_file_by(fd, subject, [&](std::span<const object::Digest> digests, Store& from) {
    return send(digests, from, wanted);
  });
}

base::Result<Digests> ReapiStore::missing(std::span<const object::Digest> digests) {
  return ask(leases_.unknown(each_once(digests)), {});
}

base::Result<Digests> ReapiStore::ask(const Digests& digests, const base::StillWanted& wanted) {
  Digests lacking;
  for (const Digests& slice : slices_of(digests, BlobCalls::kDigestsAtOnce)) {
    const auto some = calls_.missing(slice, wanted);
    if (!some) {
      return some;
    }
    append(lacking, *some);
  }
  leases_.forget(lacking);
  leases_.note(without(digests, lacking));
  return lacking;
}

base::Result<Digests> ReapiStore::send(std::span<const object::Digest> digests, Store& from,
                                       const base::StillWanted& wanted) {
  Digests lost;
  for (Digests open = leases_.unknown(each_once(digests)); !open.empty(); open = leases_.unknown(open)) {
    Digests taken;
    {
      const Flights::Claim claim = sending_.claim(open, taken);
      const auto sent = send_unknown(leases_.unknown(claim.mine()), from, wanted);
      if (!sent) {
        return sent;
      }
      append(lost, *sent);
    }
    if (!sending_.wait(taken, wanted)) {
      return not_wanted();
    }
    open = std::move(taken);
  }
  return lost;
}

base::Result<Digests> ReapiStore::fetch(std::span<const object::Digest> digests, Store& into,
                                        const base::StillWanted& wanted) {
  return bring_once(fetching_, digests, into, wanted,
                    [&](const Digests& mine) { return download(mine, into, wanted); });
}

void ReapiStore::distrust(std::span<const object::Digest> digests) {
  leases_.forget(digests);
}

bool ReapiStore::is_large(const object::Digest& digest) const {
  return digest.size() + BlobCalls::kBlobOverhead > calls_.batch_bytes();
}

std::vector<Digests> ReapiStore::batches(const Digests& digests) const {
  std::vector<Digests> all;
  uint64_t room = 0;
  for (const object::Digest& digest : digests) {
    const uint64_t bytes = digest.size() + BlobCalls::kBlobOverhead;
    if (is_large(digest)) {
      all.insert(all.begin(), {digest});  // the longest first
      continue;
    }
    if (bytes > room) {
      all.emplace_back();
      room = std::min(calls_.batch_bytes(), kBatchBytes);
    }
    all.back().push_back(digest);
    room -= std::min(room, bytes);
  }
  return all;
}

base::Result<Digests> ReapiStore::send_unknown(const Digests& digests, Store& from,
                                               const base::StillWanted& wanted) {
  if (digests.empty()) {
    return digests;
  }
  auto slices = slices_of(digests, kAskedAtOnce);
  const size_t threads = std::min<size_t>(options_.streams, slices.size() + batches(digests).size() - 1);
  AskedBatches::Steps steps;
  steps.ask = [&](const Digests& slice) {
    return ask(slice, wanted).map([this](const Digests& lacking) { return batches(lacking); });
  };
  steps.move = [&](const Digests& batch) { return upload_batch(batch, from, wanted); };
  return AskedBatches(std::move(slices), std::move(steps)).run(threads);
}

base::Result<Digests> ReapiStore::upload_batch(const Digests& batch, Store& from,
                                               const base::StillWanted& wanted) {
  Digests lost;
  std::vector<BlobCalls::Blob> blobs;
  for (const object::Digest& digest : batch) {
    auto bytes = from.get(digest);
    if (!bytes) {
      return tl::unexpected(std::move(bytes.error()));
    }
    if (*bytes) {
      blobs.emplace_back(digest, std::move(**bytes));
    } else {
      lost.push_back(digest);
    }
  }
  if (!base::is_wanted(wanted)) {
    return not_wanted();
  }
  if (!blobs.empty()) {
    const auto sent =
        is_large(batch.front()) ? calls_.write_stream(blobs.front(), wanted) : calls_.update(blobs, wanted);
    if (!sent) {
      return tl::unexpected(sent.error());
    }
  }
  leases_.note(without(batch, lost));
  return lost;
}

base::Result<Digests> ReapiStore::download(const Digests& digests, Store& into,
                                           const base::StillWanted& wanted) {
  const auto all = batches(digests);
  base::Guarded<Digests> lacking;
  const auto moved = base::in_parallel(all.size(), options_.streams, [&](size_t at) -> base::Result<void> {
    return download_batch(all[at], into, wanted).map([&](const Digests& some) {
      lacking.with([&](Digests& so_far) { append(so_far, some); });
    });
  });
  if (!moved) {
    return tl::unexpected(moved.error());
  }
  return lacking.with([](Digests& so_far) { return std::move(so_far); });
}

// A blob that does not match its name counts as one that is not there: whoever needs it has it made again.
base::Result<Digests> ReapiStore::download_batch(const Digests& batch, Store& into,
                                                 const base::StillWanted& wanted) {
  std::vector<BlobCalls::Blob> blobs;
  if (is_large(batch.front())) {
    auto bytes = calls_.read_stream(batch.front(), wanted);
    if (!bytes) {
      return tl::unexpected(std::move(bytes.error()));
    }
    if (*bytes) {
      blobs.emplace_back(batch.front(), std::move(**bytes));
    }
  } else {
    auto read = calls_.read(batch, wanted);
    if (!read) {
      return tl::unexpected(std::move(read.error()));
    }
    blobs = std::move(*read);
  }
  const std::unordered_set<object::Digest> asked(batch.begin(), batch.end());
  Digests sound;
  for (const auto& [digest, bytes] : blobs) {
    if (asked.count(digest) != 0 && object::hash(bytes) == digest) {
      if (const auto put = into.put(bytes); !put) {
        return tl::unexpected(put.error());
      }
      sound.push_back(digest);
    }
  }
  leases_.note(sound);
  const Digests lacking = without(batch, sound);
  leases_.forget(lacking);
  return lacking;
}

}  // namespace storage
