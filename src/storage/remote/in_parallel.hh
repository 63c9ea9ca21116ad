#pragma once

#include "base/result.hh"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace storage {

// Does `work` for each number below `count`, on so many threads, this one among them. The first that fails
// keeps the rest from beginning.
inline base::Result<void> in_parallel(size_t count, size_t threads,
                                      const std::function<base::Result<void>(size_t)>& work) {
  std::mutex mutex;
  std::optional<base::Error> error;
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t at = next++; at < count; at = next++) {
      if (auto done = work(at); !done) {
        const std::scoped_lock lock(mutex);
        error = std::move(done.error());
        next = count;
      }
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(threads, count); ++i) {
    others.emplace_back(run);
  }
  run();
  for (std::thread& thread : others) {
    thread.join();
  }
  if (error) {
    return tl::unexpected(*std::move(error));
  }
  return {};
}

}  // namespace storage
