#pragma once

#include "cli/result_difference.hh"
#include "engine/memos/memo_exchange.hh"
#include "exec/executor.hh"
#include "object/store.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

enum class Watch : bool { No, Yes };

// What a second execution of a thunk showed.
struct Verification {
  enum class State : uint8_t {
    Same,
    Differs,
    OnlyWatched,  // it was executed, but there is no memo to compare it with
    NoResult,     // it was not executed, as there is none: it failed, or was not finished
    NotRun,       // `problem` says why
    NotCompared,  // it was executed, but the two results could not be compared: `problem` says why
  };

  State state = State::NotRun;
  std::string problem;
  std::vector<ResultDifference> differences;
  std::vector<std::string> defects;     // paths it asked for, absent from its tree but on this machine
  std::vector<std::string> made_since;  // the same, but made on this machine after the command ran
};

// Executes thunks again, memos aside, and compares. Records no memo. Any number of threads.
class Verifier {
 public:
  // All outlive this. `theirs`: what is put to the test instead of our own memos; null: nothing.
  Verifier(object::Store& store, object::Records& records, engine::MemoExchange* theirs,
           exec::Executor& executor, Watch watch)
      : store_(store), records_(records), theirs_(theirs), executor_(executor), watch_(watch) {}

  // `asked_ns`: when the command was inferred, since 1970; 0: unknown. Blocks until it has been executed, or
  // `stop` was raised.
  [[nodiscard]] Verification verify(const object::Digest& thunk, int64_t asked_ns,
                                    const sandbox::StopSignal& stop);

 private:
  [[nodiscard]] Verification verify_concrete(const object::Digest& thunk, const object::Digest& concrete,
                                             int64_t asked_ns, const sandbox::StopSignal& stop);
  void compare(const ir::Result& memo, const ir::Result& again, Verification& verification);

  object::Store& store_;
  object::Records& records_;
  engine::MemoExchange* theirs_;
  exec::Executor& executor_;
  Watch watch_;
};

}  // namespace cli
