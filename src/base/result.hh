#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace base {

// Who can do something about a failure; the scheduler chooses by it.
enum class FailureKind : uint8_t {
  RetryHere,       // a hiccup: the same request may well succeed
  RetryElsewhere,  // this place cannot do it (disk full, refused, machine gone); another may
  Deterministic,   // the same everywhere: the command itself fails
  Ours,            // a defect or a limit of gg
};

// A failure that somebody planned for, as a value. `message` names the attempt and the subject.
struct Error {
  std::string message;
  FailureKind kind = FailureKind::Ours;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message, FailureKind kind = FailureKind::Ours) {
  return tl::unexpected<Error>(Error{std::move(message), kind});
}

}  // namespace base
