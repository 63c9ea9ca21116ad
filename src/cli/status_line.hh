#pragma once

#include <string>

namespace cli {

// The bottom line of the terminal on standard error, kept free of what the build writes: the lines above it
// are made the scrolling region (DECSTBM), because the build's processes write to the terminal themselves
// and would leave pieces of a line that is drawn among theirs. One thread.
class StatusLine {
 public:
  // Draws `text`, as much of it as fits. Does nothing on a terminal of fewer than four lines.
  void show(const std::string& text);

  // Gives the line back to the terminal. Has to be called before the process ends: what a kill -9 leaves
  // behind is a scrolling region, which `reset` takes away.
  void close();

 private:
  int rows_ = 0;  // that the region was made for; 0: there is none
};

}  // namespace cli
