#include "base/in_parallel.hh"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace base {

Result<void> in_parallel(size_t count, size_t threads, const std::function<Result<void>(size_t)>& work) {
  std::mutex mutex;
  std::optional<Error> error;
  std::exception_ptr thrown;
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t at = next++; at < count; at = next++) {
      try {
        if (auto done = work(at); !done) {
          const std::scoped_lock lock(mutex);
          error = std::move(done.error());
          next = count;
        }
      } catch (...) {  // goes on in the thread that waits
        const std::scoped_lock lock(mutex);
        thrown = std::current_exception();
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
  if (thrown) {
    std::rethrow_exception(thrown);
  }
  if (error) {
    return tl::unexpected(*std::move(error));
  }
  return {};
}

}  // namespace base
