#pragma once

#include "base/result.hh"
#include "object/digest.hh"

#include <string>
#include <utility>
#include <vector>

namespace exec {

// Why a thunk yielded no result.
struct Failure {
  base::Error error;
  // Objects that were needed and that the store no longer holds. Not empty: make these again, then try again.
  std::vector<object::Digest> lost;

  bool operator==(const Failure&) const = default;
};

template <class T>
using Expected = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failure(base::Error error) {
  return tl::unexpected<Failure>(Failure{std::move(error), {}});
}

inline tl::unexpected<Failure> lost(const object::Digest& digest, const std::string& what) {
  return tl::unexpected<Failure>(
      Failure{{"the store no longer holds " + what + " " + digest.to_string(), base::FailureKind::RetryHere},
              {digest}});
}

}  // namespace exec
