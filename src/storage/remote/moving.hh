#pragma once

#include "base/files.hh"
#include "base/still_wanted.hh"
#include "object/memory_store.hh"
#include "storage/remote/digest_lists.hh"
#include "storage/remote/flights.hh"

#include <unistd.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What every store far away does alike: one object is a batch of one, and two who want the same at the same
// time move it once.
namespace storage {

inline tl::unexpected<base::Error> not_wanted() {
  return base::failure("nobody waits for it any more", base::FailureKind::RetryHere);
}

// `fetch(digests, into)` as RemoteStore::fetch.
template <class Fetch>
base::Result<std::optional<std::string>> get_by(const object::Digest& digest, const Fetch& fetch) {
  object::MemoryStore memory;
  const auto lacking = fetch(std::span(&digest, 1), memory);
  if (!lacking) {
    return tl::unexpected(lacking.error());
  }
  return memory.get(digest);
}

// `send(digests, from)` as RemoteStore::send.
template <class Send>
base::Result<object::Digest> put_by(std::string_view bytes, const Send& send) {
  object::MemoryStore memory;
  const object::Digest digest = memory.put(bytes).value();
  return send(std::span(&digest, 1), memory).map([&](const auto&) { return digest; });
}

template <class Send>
base::Result<object::Digest> put_file_by(int fd, std::string_view subject, const Send& send) {
  if (::lseek(fd, 0, SEEK_SET) != 0) {
    return base::failure("rewind '" + std::string(subject) + "'", base::FailureKind::RetryElsewhere);
  }
  return put_by(base::read_all(fd, subject), send);
}

// Brings what `into` lacks, and waits for what others bring meanwhile. `download(digests)` answers those that
// are not there, as this does.
template <class Download>
base::Result<std::vector<object::Digest>> bring_once(Flights& flights,
                                                     std::span<const object::Digest> digests,
                                                     object::Store& into, const base::StillWanted& wanted,
                                                     const Download& download) {
  std::vector<object::Digest> absent;
  std::vector<object::Digest> open = each_once(digests);
  while (!open.empty()) {
    const auto lacking = into.missing(open);
    if (!lacking || lacking->empty()) {
      return lacking ? absent : lacking;
    }
    std::vector<object::Digest> taken;
    {
      const Flights::Claim claim = flights.claim(*lacking, taken);
      const auto gone = download(claim.mine());
      if (!gone) {
        return gone;
      }
      append(absent, *gone);
    }
    if (!flights.wait(taken, wanted)) {
      return not_wanted();
    }
    open = std::move(taken);
  }
  return absent;
}

}  // namespace storage
