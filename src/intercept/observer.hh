#pragma once

#include "base/clock.hh"
#include "object/digest.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intercept {

// What became of one command of the build.
enum class Outcome : uint8_t {
  Hit,       // its result was known: outputs are there
  Promised,  // became a thunk; placeholders stand for its outputs
  Waited,    // became a thunk; its caller waited for the result
  Native,    // the real tool ran here and now
};

struct CommandReport {
  Outcome outcome = Outcome::Native;
  std::string reason;  // Native, Waited: a stable code ("unknown-option", "below-configure"); else ""
  std::string detail;
  std::string label;  // for people: "compile src/a.c"; Native: the tool's name
  std::vector<std::string> argv;
  std::string working_directory;
  std::optional<object::Digest> thunk;
  std::vector<std::string> outputs;  // absolute paths of what the thunk makes
  base::Nanoseconds started{0};      // steady clock: when the shim asked
  base::Nanoseconds took{0};         // until it was answered
};

// A command that failed after its caller was told that it had not.
struct FailedCommand {
  std::string label;
  std::vector<std::string> argv;
  std::string working_directory;
  int exit_code = 0;        // 0: there was no result, `message` says why
  bool below_make = false;  // it was a make that would have seen it fail
  std::string diagnostics;  // its standard error, bytes
  std::string message;      // gg's own, "" when the command itself failed
};

// Told what happens, for progress, summaries and `gg explain`. Called from several threads, one at a time.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  virtual void command(const CommandReport& report) = 0;

  // What a command wrote, when it is too late to let the command itself write it. Goes to gg's own streams.
  virtual void late_output(std::string_view standard_output, std::string_view standard_error) = 0;

  // A bet was lost. Its diagnostics have not been shown yet.
  virtual void failed(const FailedCommand& command) = 0;

  // A line for people on standard error, said once: a weaker mode, what is waited for.
  virtual void note(const std::string& text) = 0;
};

}  // namespace intercept
