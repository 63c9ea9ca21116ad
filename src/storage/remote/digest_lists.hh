#pragma once

#include "object/digest.hh"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_set>
#include <vector>

// Lists of names, as stores far away are asked about them.
namespace storage {

// In the order in which they first stand there.
inline std::vector<object::Digest> each_once(std::span<const object::Digest> digests) {
  std::unordered_set<object::Digest> seen;
  std::vector<object::Digest> all;
  std::copy_if(digests.begin(), digests.end(), std::back_inserter(all),
               [&](const object::Digest& digest) { return seen.insert(digest).second; });
  return all;
}

inline std::vector<object::Digest> without(const std::vector<object::Digest>& all,
                                           const std::vector<object::Digest>& some) {
  const std::unordered_set<object::Digest> dropped(some.begin(), some.end());
  std::vector<object::Digest> rest;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
               [&](const object::Digest& digest) { return dropped.count(digest) == 0; });
  return rest;
}

inline void append(std::vector<object::Digest>& all, const std::vector<object::Digest>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace storage
