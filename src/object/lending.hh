#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"
#include "object/digest.hh"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// How somebody without any credentials gets at just these objects of a store far away, for a while. Values;
// spec/packs.md says what a pack is.
namespace object {

// On the wire: never renumber.
enum class PackEncoding : uint8_t {
  Plain = 0,
  Zstd = 1,
};

struct PackedObject {
  Digest digest;
  uint64_t offset = 0;  // in the pack
  uint64_t stored = 0;  // bytes there
  PackEncoding encoding = PackEncoding::Plain;

  bool operator==(const PackedObject&) const = default;
};

// A pack that may be read.
struct LentPack {
  std::string name;
  uint64_t bytes = 0;
  std::string url;  // for GET, with or without a range
  // Where in it those objects are that were asked for. Empty: its index says so.
  std::vector<PackedObject> objects;

  bool operator==(const LentPack&) const = default;
};

// A pack that may be written, once, by one attempt at one thunk.
struct LentPlace {
  std::string name;
  std::string url;  // for PUT

  bool operator==(const LentPlace&) const = default;
};

// A store that lends. Blocks; any thread.
class Lender {
 public:
  Lender() = default;
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;
  virtual ~Lender() = default;

  // The packs in which these objects are, for so long at least. What the store lacks is left out.
  [[nodiscard]] virtual base::Result<std::vector<LentPack>> lend(std::span<const Digest> digests,
                                                                 std::chrono::seconds lifetime,
                                                                 const base::StillWanted& wanted) = 0;

  // Where a worker leaves what an attempt at the thunk yields. `attempt` is never given twice.
  [[nodiscard]] virtual base::Result<LentPlace> lend_place(const Digest& thunk, uint64_t attempt,
                                                           std::chrono::seconds lifetime,
                                                           const base::StillWanted& wanted) = 0;

  // The pack has been written, and ends with these bytes (its index and footer): from now on the store holds
  // what it holds. The error: they are not a pack's.
  [[nodiscard]] virtual base::Result<void> take_over(const std::string& name, uint64_t bytes,
                                                     std::string_view index_and_footer) = 0;
};

}  // namespace object
