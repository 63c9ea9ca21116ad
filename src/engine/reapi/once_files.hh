#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "object/store.hh"

#include <memory>
#include <unordered_map>
#include <vector>

namespace engine {

// Which trees hold the same header twice, of the kind that is read once. gcc takes two files for one if their
// bytes and their times are equal (libcpp's check_file_against_entries), and drops the second; and all inputs
// of a Remote Execution action have the same time. gg's own container gives such files different times.
// Any thread.
class OnceFiles {
 public:
  // `here` outlives it.
  explicit OnceFiles(object::Store& here) : here_(here) {}

  // Does the tree hold two files with the same bytes that say `#pragma once` or are written for `#import`?
  // What cannot be read counts as no such file: whoever sends it will say so.
  [[nodiscard]] base::Result<bool> stands_twice(const object::Digest& root);

 private:
  using Digests = std::vector<object::Digest>;

  [[nodiscard]] base::Result<std::shared_ptr<const Digests>> below(const object::Digest& directory,
                                                                   unsigned depth);
  [[nodiscard]] base::Result<bool> is_once(const object::Digest& file);

  object::Store& here_;
  base::Guarded<std::unordered_map<object::Digest, std::shared_ptr<const Digests>>> directories_;
  base::Guarded<std::unordered_map<object::Digest, bool>> files_;
};

// `#pragma once`, `_Pragma("once")` or `#import` stands in the text, in a comment maybe.
[[nodiscard]] bool mentions_once(std::string_view text);

}  // namespace engine
