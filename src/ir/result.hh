#pragma once

#include "base/result.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ir {

// Where one execution was, and where its time went.
struct Timings {
  std::chrono::nanoseconds set_up{0};
  std::chrono::nanoseconds execute{0};
  std::chrono::nanoseconds collect{0};
  std::chrono::nanoseconds user_cpu{0};
  std::chrono::nanoseconds system_cpu{0};
  uint64_t peak_memory_bytes = 0;
  std::chrono::nanoseconds fetch{0};   // of inputs from the store; none where it lies on the same machine
  std::chrono::nanoseconds queued{0};  // at a cluster, before a worker took it
  std::string worker{};                // the cluster's name for that; empty: none
  std::string isolation{};  // what kept the command apart there, for people: "container"; empty: nobody said

  bool operator==(const Timings&) const = default;
};

// What came of executing a concrete thunk. An output is a file, a whole directory, a symlink, or a promise of
// another thunk's output (a tail call).
struct Result {
  int exit_code = 0;  // 0 to 255; 128 + signal when a signal ended it

  // By output path, as the command declared it; what was not made is absent. Subdirectory::owes says that
  // promises stand inside.
  std::map<std::string, object::Entry> outputs;

  std::optional<object::Digest> standard_output;  // absent: nothing was written; never the empty object
  std::optional<object::Digest> standard_error;   // likewise
  Timings timings;

  // Some output is, or holds, a promise: the reducer has to go on.
  [[nodiscard]] bool owes() const;

  // The file that it made as this output; null: it made none, or something else.
  [[nodiscard]] const object::File* file_at(const std::string& output) const;

  bool operator==(const Result&) const = default;
};

// Would encode() take it? The error says what is wrong.
[[nodiscard]] base::Result<void> check(const Result& result);

// Canonical bytes, spec/proto/gg/v1/thunk.proto (ActionResult). Throws std::logic_error for what check()
// refuses.
[[nodiscard]] std::string encode(const Result& result);

// Accepts only what encode() writes.
[[nodiscard]] base::Result<Result> decode_result(std::string_view bytes);

}  // namespace ir
