#include "storage/s3/lent_packs.hh"

#include "base/in_parallel.hh"
#include "base/quote.hh"
#include "net/back_off.hh"
#include "storage/s3/bucket_failure.hh"

#include <fmt/format.h>

#include <algorithm>

namespace storage {

namespace {

using base::FailureKind;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstBackOff{50};
constexpr milliseconds kLastBackOff{2000};
constexpr std::chrono::seconds kPatience{30};
constexpr size_t kStreams = 8;
constexpr size_t kMostIndexes = 4096;

std::string_view host_of(std::string_view url) {
  return url.substr(0, url.find('/', url.find("://") + 3));
}

// Until the server says something that another try does not change.
base::Result<net::HttpResponse> call(net::HttpClient& http, const net::HttpRequest& request,
                                     const std::string& doing, const base::StillWanted& wanted) {
  const auto give_up = steady_clock::now() + kPatience;
  for (milliseconds back_off = kFirstBackOff;; back_off = std::min(back_off * 2, kLastBackOff)) {
    auto response = http.send(request, wanted);
    base::Error error;
    if (!response) {
      error = {fmt::format("cannot {} at {}: {}", doing, host_of(request.url),
                           base::printable(response.error().message)),
               response.error().kind};
    } else if (response->ok() || response->status == 404 || response->status == 416) {
      return response;
    } else {
      const BucketFailure failure = failure_of(*response);
      const std::string said = failure.message.empty() ? "" : " (" + base::printable(failure.message) + ")";
      error = {fmt::format("cannot {} at {}: {}{}", doing, host_of(request.url),
                           base::printable(failure.code), said),
               FailureKind::RetryHere};
      const Remedy remedy = remedy_for(*response, failure);
      if (remedy != Remedy::Wait && remedy != Remedy::SendAgain) {
        return tl::unexpected(std::move(error));
      }
    }
    if (error.kind != FailureKind::RetryHere || steady_clock::now() >= give_up ||
        !net::pause(net::with_jitter(back_off), wanted)) {
      return tl::unexpected(std::move(error));
    }
  }
}

const PackedObject* find_in(const std::vector<PackedObject>& objects, const object::Digest& digest) {
  const auto found = std::lower_bound(
      objects.begin(), objects.end(), digest,
      [](const PackedObject& object, const object::Digest& wanted) { return object.digest < wanted; });
  return found != objects.end() && found->digest == digest ? &*found : nullptr;
}

std::shared_ptr<const PackIndex> index_of(std::vector<PackedObject> objects) {
  std::sort(objects.begin(), objects.end(),
            [](const PackedObject& a, const PackedObject& b) { return a.digest < b.digest; });
  return std::make_shared<const PackIndex>(PackIndex{std::move(objects), {}});
}

}  // namespace

std::shared_ptr<const PackIndex> PackIndexes::find(const std::string& name) const {
  return known_.with([&](const auto& known) {
    const auto found = known.find(name);
    return found == known.end() ? nullptr : found->second;
  });
}

void PackIndexes::keep(const std::string& name, std::shared_ptr<const PackIndex> index) {
  known_.with([&](auto& known) {
    if (known.size() >= kMostIndexes) {  // simpler than to choose; they are read again in one request each
      known.clear();
    }
    known.insert_or_assign(name, std::move(index));
  });
}

LentPacks::LentPacks(net::HttpClient& http, PackIndexes& indexes, const std::vector<object::LentPack>& packs)
    : http_(http), indexes_(indexes) {
  for (const object::LentPack& pack : packs) {
    auto index = pack.objects.empty() ? indexes_.find(pack.name) : index_of(pack.objects);
    packs_.insert_or_assign(pack.name, Pack{pack, std::move(index)});
  }
}

base::Result<void> LentPacks::open(const base::StillWanted& wanted) {
  std::vector<Pack*> unread;
  for (auto& [name, pack] : packs_) {
    if (!pack.index) {
      unread.push_back(&pack);
    }
  }
  return base::in_parallel(unread.size(), kStreams, [&](size_t at) -> base::Result<void> {
    Pack& pack = *unread[at];
    auto index = read_index(*this, pack.lent.name, pack.lent.bytes, wanted);
    if (!index) {
      return tl::unexpected(std::move(index.error()));
    }
    if (*index) {
      pack.index = std::make_shared<const PackIndex>(std::move(**index));
      indexes_.keep(pack.lent.name, pack.index);
    }
    return {};
  });
}

base::Result<std::optional<std::string>> LentPacks::get(const std::string& key, Range range,
                                                        const base::StillWanted& wanted) {
  const auto found = packs_.find(key);
  if (found == packs_.end()) {
    return std::nullopt;
  }
  net::HttpRequest request;
  request.url = found->second.lent.url;
  request.most_bytes = range.bytes + (64U << 10U);  // of what says that it failed, too
  request.headers = {{"Range", fmt::format("bytes={}-{}", range.offset, range.offset + range.bytes - 1)}};
  auto response = call(http_, request, "read the pack " + base::printable(key), wanted);
  if (!response) {
    return tl::unexpected(std::move(response.error()));
  }
  if (!response->ok() || response->body.size() != range.bytes) {
    return std::nullopt;
  }
  return std::optional(std::move(response->body));
}

std::optional<PackPlaces::Place> LentPacks::find(const object::Digest& digest) const {
  for (const auto& [name, pack] : packs_) {
    const PackedObject* object = pack.index ? find_in(pack.index->objects, digest) : nullptr;
    if (object != nullptr) {
      return Place{name, *object};
    }
  }
  return std::nullopt;
}

std::vector<PackedObject> LentPacks::between(const std::string& key, uint64_t offset, uint64_t end) const {
  const auto pack = packs_.find(key);
  std::vector<PackedObject> found;
  if (pack != packs_.end() && pack->second.index) {
    const auto& objects = pack->second.index->objects;
    std::copy_if(objects.begin(), objects.end(), std::back_inserter(found), [&](const PackedObject& object) {
      return object.offset >= offset && object.offset + object.stored <= end;
    });
  }
  std::sort(found.begin(), found.end(),
            [](const PackedObject& a, const PackedObject& b) { return a.offset < b.offset; });
  return found;
}

// Whoever lent them is told which objects were not there, and lends others.
void LentPacks::lose_pack(const std::string& /*key*/) {}

void LentPacks::lose(std::span<const object::Digest> /*digests*/) {}

base::Result<void> write_lent(net::HttpClient& http, const object::LentPlace& place, std::string_view bytes,
                              const base::StillWanted& wanted) {
  net::HttpRequest request;
  request.method = "PUT";
  request.url = place.url;
  request.body = bytes;
  const auto response = call(http, request, "write the pack " + base::printable(place.name), wanted);
  if (!response) {
    return tl::unexpected(response.error());
  }
  if (!response->ok()) {
    return base::failure(fmt::format("cannot write the pack {} at {}: HTTP {}", base::printable(place.name),
                                     host_of(place.url), response->status),
                         FailureKind::RetryHere);
  }
  return {};
}

}  // namespace storage
