#pragma once

#include "ir/reduce.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/tree.hh"

#include <cstdint>
#include <functional>
#include <random>
#include <string>

// Random values that check() accepts, for properties: the same seed makes the same value on every machine.
// Small on purpose, and rich in what breaks things: names that sort around '/', bytes that are not UTF-8,
// empty texts, repeated digests.
namespace generate {

class Source {
 public:
  explicit Source(uint64_t seed) : engine_(seed) {}

  // From 0 to less than `bound`. Not std::uniform_int_distribution: its numbers differ between libraries.
  [[nodiscard]] uint64_t below(uint64_t bound) { return engine_() % bound; }

  // True once in `odds` times.
  [[nodiscard]] bool once_in(uint64_t odds) { return below(odds) == 0; }

 private:
  std::mt19937_64 engine_;
};

[[nodiscard]] object::Digest digest(Source& source);
[[nodiscard]] std::string entry_name(Source& source);
[[nodiscard]] std::string output_path(Source& source);
[[nodiscard]] object::Entry entry(Source& source);
[[nodiscard]] object::Directory directory(Source& source);
[[nodiscard]] ir::Command command(Source& source);
[[nodiscard]] ir::Thunk thunk(Source& source);
[[nodiscard]] ir::Result result(Source& source);

// A whole tree of up to `depth` levels with promises at any of them, written bottom up; its root.
[[nodiscard]] object::Subdirectory tree(Source& source, unsigned depth, const ir::WriteDirectory& write);

// Calls `property` with a source for each of `count` seeds, which a failure prints. With GG_SEED=n in the
// environment it is called for that seed alone.
void for_seeds(uint64_t count, const std::function<void(Source&)>& property);

}  // namespace generate
