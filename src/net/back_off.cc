#include "net/back_off.hh"

#include <algorithm>
#include <random>
#include <thread>

namespace net {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds with_jitter(milliseconds time) {
  thread_local std::minstd_rand random(std::random_device{}());
  return milliseconds(std::uniform_int_distribution<int64_t>(time.count() / 2, time.count())(random));
}

bool pause(milliseconds time, const base::StillWanted& wanted) {
  constexpr milliseconds kGlance{50};
  const auto until = steady_clock::now() + time;
  while (base::is_wanted(wanted)) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (left.count() <= 0) {
      return true;
    }
    std::this_thread::sleep_for(wanted ? std::min(left, kGlance) : left);
  }
  return false;
}

}  // namespace net
