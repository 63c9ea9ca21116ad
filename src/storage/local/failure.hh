#pragma once

#include "base/errors.hh"
#include "base/result.hh"

#include <string>
#include <utility>

// How a system call that failed becomes a value that says who can help and what to do.
namespace storage {

// Whether trying again or elsewhere makes sense, by errno.
[[nodiscard]] base::FailureKind failure_kind(int err);

// About a file of the store under `root`: says the store's path and what to do.
[[nodiscard]] base::Error store_error(const std::string& root, const base::SyscallError& error);

// About a file outside the store (what an object is read from or placed at).
[[nodiscard]] base::Error outside_error(const base::SyscallError& error);

// Runs `body` (which returns a Result) and turns a SyscallError into the store's failure.
template <class Body>
auto in_store(const std::string& root, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const base::SyscallError& error) {
    return tl::unexpected<base::Error>(store_error(root, error));
  }
}

}  // namespace storage
