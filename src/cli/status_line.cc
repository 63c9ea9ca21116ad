#include "cli/status_line.hh"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace cli {

namespace {

constexpr int kFewestRows = 4;

// Control sequences of the VT100 (DECSC, DECRC, DECSTBM, CUP, EL), which all terminals of today know.
constexpr const char* kSaveCursor = "\0337";
constexpr const char* kRestoreCursor = "\0338";
constexpr const char* kClearLine = "\033[2K";

std::string scroll_in(int rows) {
  return fmt::format("\033[1;{}r", rows);
}

std::string go_to(int row) {
  return fmt::format("\033[{};1H", row);
}

// A display that cannot be shown is no reason to end a build.
void write_quietly(const std::string& text) {
  [[maybe_unused]] const ssize_t shown = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

void StatusLine::show(const std::string& text) {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < kFewestRows) {
    return;
  }
  std::string bytes;
  if (rows_ != size.ws_row) {
    // A line feed first: where the cursor is on the bottom line, its text moves up. Setting the region sends
    // the cursor to the top, so it is put back, and up by one from the line that is now taken.
    bytes += std::string("\n") + kSaveCursor + scroll_in(size.ws_row - 1) + kRestoreCursor + "\033[1A";
    rows_ = size.ws_row;
  }
  bytes += kSaveCursor + go_to(rows_) + kClearLine + text.substr(0, size.ws_col) + kRestoreCursor;
  write_quietly(bytes);
}

void StatusLine::close() {
  if (rows_ != 0) {
    write_quietly(kSaveCursor + go_to(rows_) + kClearLine + scroll_in(rows_) + kRestoreCursor);
    rows_ = 0;
  }
}

}  // namespace cli
