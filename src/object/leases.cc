#include "object/leases.hh"

namespace object {

bool Leases::believes(const Digest& digest) const {
  return unknown({&digest, 1}).empty();
}

std::vector<Digest> Leases::unknown(std::span<const Digest> digests) const {
  const base::Nanoseconds now = clock_.steady();
  return until_.with([&](const auto& until) {
    std::vector<Digest> rest;
    for (const Digest& digest : digests) {
      const auto found = until.find(digest);
      if (found == until.end() || found->second <= now) {
        rest.push_back(digest);
      }
    }
    return rest;
  });
}

void Leases::note(std::span<const Digest> digests) {
  const base::Nanoseconds end = clock_.steady() + term_;
  until_.with([&](auto& until) {
    for (const Digest& digest : digests) {
      until.insert_or_assign(digest, end);
    }
  });
}

void Leases::forget(std::span<const Digest> digests) {
  until_.with([&](auto& until) {
    for (const Digest& digest : digests) {
      until.erase(digest);
    }
  });
}

}  // namespace object
