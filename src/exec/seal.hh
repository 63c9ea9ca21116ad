#pragma once

#include <cstdint>
#include <string>

namespace exec {

// Tells whether anybody has changed anything in a folder since the seal was set: content, mode, names or
// links of any file. Rests on the time of change (ctime), which nobody can set.
class Seal {
 public:
  explicit Seal(std::string folder) : folder_(std::move(folder)) {}

  // Waits until the clock that files are stamped by has moved, 10 ms at most, so that what comes later
  // differs.
  void set();

  // Looks at everything: some 2 us a file. Also false where it cannot look. Changes nothing.
  [[nodiscard]] bool holds() const;

 private:
  std::string folder_;
  int64_t set_ns_ = 0;
};

}  // namespace exec
