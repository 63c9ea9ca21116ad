#pragma once

#include "base/result.hh"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace base {

// A system call failed in a way the caller did not plan for.
// The message says what we were doing, to what: "open '/tmp/x': Permission denied".
class SyscallError : public std::system_error {
 public:
  SyscallError(std::string_view attempt, std::string_view subject, int err = errno)
      : std::system_error(err, std::system_category(), text(attempt, subject)) {}

 private:
  static std::string text(std::string_view attempt, std::string_view subject) {
    return std::string(attempt) + " '" + std::string(subject) + "'";
  }
};

// Something the operator has to know about and can act on; `what()` is shown once, in main, as it is.
// Says what happened, to which file or subject, and what to do.
class OperatorError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// For whoever can do nothing about the failure but tell the operator: the value, or an OperatorError.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) {
    throw OperatorError(result.error().message);
  }
  return *std::move(result);
}

}  // namespace base
