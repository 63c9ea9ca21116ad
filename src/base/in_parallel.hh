#pragma once

#include "base/result.hh"

#include <cstddef>
#include <functional>

namespace base {

// Does `work` for each number below `count`, on so many threads, this one among them. The first that fails or
// throws keeps the rest from beginning; what it has thrown is thrown here, once all have ended.
Result<void> in_parallel(size_t count, size_t threads, const std::function<Result<void>(size_t)>& work);

}  // namespace base
