#pragma once

#include "sandbox/wire.hh"

#include <cerrno>
#include <string_view>

namespace cell {

// Writes down which step failed, in the page that init shares with the cell.
void note_failure(sandbox::wire::Report& report, sandbox::wire::How how, std::string_view attempt,
                  std::string_view subject, int error = errno);

// Steps of a set-up that the kernel may refuse; then nothing can go on in this process, and it ends.
class Stage {
 public:
  enum class Tell { Cell, Gg };  // who reads the report: the cell, from shared memory, or gg, sent from here

  explicit Stage(sandbox::wire::Report& report, Tell tell = Tell::Cell) : report_(report), tell_(tell) {}

  // `result` is a system call's; below zero ends the process.
  void must(long result, std::string_view attempt, std::string_view subject) const {
    if (result < 0) {
      refused(attempt, subject);
    }
  }

 private:
  [[noreturn]] void refused(std::string_view attempt, std::string_view subject) const;

  sandbox::wire::Report& report_;
  Tell tell_;
};

// Sends the report to gg; ends the process if gg is gone.
void answer(const sandbox::wire::Report& report);

}  // namespace cell
