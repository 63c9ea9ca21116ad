#pragma once

#include "cli/places.hh"
#include "cli/progress.hh"
#include "cli/settings.hh"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace cli {

// Where the progress of long work is shown: nowhere if quiet, on a terminal's last line, or in a log.
[[nodiscard]] ProgressDisplay::Kind display_kind(const Settings& settings, const Environment& environment);

// Shows progress beside the main thread until it goes. `progress` is called on a thread of its own.
class ProgressThread {
 public:
  ProgressThread(std::function<Progress()> progress, const base::Clock& clock, ProgressDisplay::Kind kind);
  ~ProgressThread();
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cli
