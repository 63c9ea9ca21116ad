#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "object/digest.hh"

#include <span>
#include <unordered_map>
#include <vector>

namespace object {

// What was seen in a store far away, and until when that is believed: it may be collected there at any time.
// Any thread.
class Leases {
 public:
  Leases(const base::Clock& clock, base::Nanoseconds term) : clock_(clock), term_(term) {}

  [[nodiscard]] bool believes(const Digest& digest) const;

  // Those that are not believed to be there.
  [[nodiscard]] std::vector<Digest> unknown(std::span<const Digest> digests) const;

  void note(std::span<const Digest> digests);
  void forget(std::span<const Digest> digests);

 private:
  const base::Clock& clock_;
  base::Nanoseconds term_;
  base::Guarded<std::unordered_map<Digest, base::Nanoseconds>> until_;
};

}  // namespace object
