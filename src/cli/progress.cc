#include "cli/progress.hh"

#include "cli/say.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

constexpr base::Nanoseconds kTerminalInterval = std::chrono::milliseconds(100);
constexpr base::Nanoseconds kLogInterval = std::chrono::seconds(10);

}  // namespace

std::string progress_line(const Progress& progress, base::Nanoseconds elapsed) {
  const uint64_t open = progress.known - progress.finished;
  const uint64_t waiting = open > progress.running ? open - progress.running : 0;
  std::string line = fmt::format("[{}/{}] {} running, {} waiting, {} hits", progress.finished, progress.known,
                                 progress.running, waiting, progress.hits);
  const uint64_t executed = progress.finished - std::min(progress.hits, progress.finished);
  if (executed > 0 && open > 0) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    line += fmt::format(", about {:.0f} s left",
                        seconds / static_cast<double>(executed) * static_cast<double>(open));
  }
  return line;
}

void ProgressDisplay::show(const Progress& progress) {
  const base::Nanoseconds now = clock_.steady();
  const base::Nanoseconds interval = kind_ == Kind::Terminal ? kTerminalInterval : kLogInterval;
  const base::Nanoseconds since = last_shown_ == base::Nanoseconds{0} ? now - started_ : now - last_shown_;
  if (kind_ == Kind::Off || progress.known == 0 || since < interval) {
    return;
  }
  last_shown_ = now;
  const std::string line = progress_line(progress, now - started_);
  if (kind_ == Kind::Terminal) {
    status_line_.show("gg: " + line);
  } else {
    say(line);
  }
}

void ProgressDisplay::clear() {
  status_line_.close();
}

}  // namespace cli
