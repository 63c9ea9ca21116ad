#pragma once

#include "base/result.hh"
#include "base/unique_fd.hh"

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
  std::string bytes;

  // Blocks if there is nothing yet. False at the end of the stream.
  bool read_some();
};

}  // namespace sandbox
