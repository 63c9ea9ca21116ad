#pragma once

#include "object/store.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

// One thing by which a thunk is another than an earlier one, so that no memo of that one serves.
struct ThunkDifference {
  enum class Kind : uint8_t { Word, Variable, WorkingDirectory, Output, Platform, Program, Input };

  Kind kind = Kind::Input;
  std::string name;    // of the variable, the platform's property, the input's path (absolute); else ""
  std::string before;  // "" if there was none
  std::string now;     // "" if there is none any more

  bool operator==(const ThunkDifference&) const = default;
};

// What a person changes comes first: words of the command, variables, the working directory, outputs, the
// platform; then the programs that run, then other inputs, each by path. A promise counts as what its thunk's
// memo says. Empty: they come down to the same. Throws base::OperatorError where the store holds one of them
// no longer.
[[nodiscard]] std::vector<ThunkDifference> differences(object::Store& store, object::Records& records,
                                                       const object::Digest& before,
                                                       const object::Digest& now);

// A line for people: "the option -O1 became -O2", "/src/a.h changed".
[[nodiscard]] std::string sentence(const ThunkDifference& difference);

// A word for programs: "word", "variable", …
[[nodiscard]] std::string kind_word(ThunkDifference::Kind kind);

}  // namespace cli
