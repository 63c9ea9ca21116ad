#include "storage/reapi/leases.hh"

namespace storage {

std::vector<object::Digest> Leases::unknown(std::span<const object::Digest> digests) const {
  const base::Nanoseconds now = clock_.steady();
  return until_.with([&](const auto& until) {
    std::vector<object::Digest> rest;
    for (const object::Digest& digest : digests) {
      const auto found = until.find(digest);
      if (found == until.end() || found->second <= now) {
        rest.push_back(digest);
      }
    }
    return rest;
  });
}

void Leases::note(std::span<const object::Digest> digests) {
  const base::Nanoseconds end = clock_.steady() + term_;
  until_.with([&](auto& until) {
    for (const object::Digest& digest : digests) {
      until.insert_or_assign(digest, end);
    }
  });
}

void Leases::forget(std::span<const object::Digest> digests) {
  until_.with([&](auto& until) {
    for (const object::Digest& digest : digests) {
      until.erase(digest);
    }
  });
}

}  // namespace storage
