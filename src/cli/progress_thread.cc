#include "cli/progress_thread.hh"

#include <unistd.h>

namespace cli {

ProgressDisplay::Kind display_kind(const Settings& settings, const Environment& environment) {
  const auto terminal = environment.find("TERM");
  const bool can_move =
      terminal != environment.end() && terminal->second != "dumb" && !terminal->second.empty();
  return settings.quiet                             ? ProgressDisplay::Kind::Off
         : can_move && ::isatty(STDERR_FILENO) != 0 ? ProgressDisplay::Kind::Terminal
                                                    : ProgressDisplay::Kind::Log;
}

ProgressThread::ProgressThread(std::function<Progress()> progress, const base::Clock& clock,
                               ProgressDisplay::Kind kind)
    : thread_([this, progress = std::move(progress), &clock, kind] {
        ProgressDisplay display(kind, clock);
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return over_; })) {
          display.show(progress());
        }
        display.clear();
      }) {}

ProgressThread::~ProgressThread() {
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace cli
