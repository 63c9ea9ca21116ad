#include "sandbox/streams.hh"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sandbox {

base::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failure(std::string("cannot make a pipe: ") + std::strerror(errno),
                         base::FailureKind::RetryElsewhere);
  }
  return Pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

bool Stream::read_some() {
  constexpr size_t kChunk = 1U << 16U;
  const size_t had = bytes.size();
  bytes.resize(had + kChunk);
  const ssize_t got = ::read(pipe.get(), bytes.data() + had, kChunk);
  bytes.resize(had + static_cast<size_t>(got > 0 ? got : 0));
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

std::string Stream::too_much(uint64_t most_bytes) const {
  constexpr uint64_t kMebibyte = 1U << 20U;
  const std::string limit = most_bytes % kMebibyte == 0 ? std::to_string(most_bytes / kMebibyte) + " MiB"
                                                        : std::to_string(most_bytes) + " bytes";
  return "stopped: it had printed more than " + limit + " to " + name;
}

}  // namespace sandbox
