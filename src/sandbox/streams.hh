#pragma once

#include "base/result.hh"
#include "base/unique_fd.hh"

#include <cstdint>
#include <string>

namespace sandbox {

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

// Both ends close at exec.
[[nodiscard]] base::Result<Pipe> make_pipe();

// What a command prints, as it comes.
struct Stream {
  base::UniqueFd pipe;
  const char* name;     // "its standard output", for messages
  std::string bytes{};  // so far

  // Blocks if there is nothing yet. False at the end of the stream.
  bool read_some();

  // Why a command is stopped that has printed more than it may.
  [[nodiscard]] std::string too_much(uint64_t most_bytes) const;
};

}  // namespace sandbox
