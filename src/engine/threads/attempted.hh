#pragma once

#include "sched/engine.hh"

#include <utility>

// What each step of an attempt returns, wherever it is executed.
namespace engine {

template <class T>
using Attempted = tl::expected<T, sched::AttemptFailure>;

[[nodiscard]] inline tl::unexpected<sched::AttemptFailure> failed(base::Error error) {
  return tl::unexpected<sched::AttemptFailure>(std::move(error));
}

}  // namespace engine
