#include "cli/progress.hh"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace cli {

namespace {

constexpr base::Nanoseconds kTerminalInterval = std::chrono::milliseconds(100);
constexpr base::Nanoseconds kLogInterval = std::chrono::seconds(10);

// A display that cannot be shown is no reason to end a build.
void write_quietly(const std::string& text) {
  [[maybe_unused]] const ssize_t shown = ::write(STDERR_FILENO, text.data(), text.size());
}

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
  if (kind_ == Kind::Off || since < interval) {
    return;
  }
  last_shown_ = now;
  const std::string line = "gg: " + progress_line(progress, now - started_);
  visible_ = kind_ == Kind::Terminal;
  write_quietly(visible_ ? "\r" + line + "\033[K" : line + "\n");
}

void ProgressDisplay::clear() {
  if (visible_) {
    write_quietly("\r\033[K");
    visible_ = false;
  }
}

}  // namespace cli
