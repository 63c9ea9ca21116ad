#pragma once

#include "base/result.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ir {

// What a thunk runs. Paths and words are bytes without NUL.
struct Command {
  // argv, not empty. The program is argv[0]: a path, absolute or relative to the working directory; or,
  // without a slash, a name that the PATH of `environment` leads to (so says REAPI, and programs print
  // argv[0]).
  std::vector<std::string> arguments;

  // All of it. Names are not empty and hold no '='.
  std::map<std::string, std::string> environment;

  // From the input root, which is the process's "/": "home/u/p", without a '/' at either end; "" is the root.
  std::string working_directory;

  // What the command makes, files or directories, relative to working_directory: "a.o", "../lib/x"
  // (ir/output_path.hh has the rules and makes them). Sorted bytewise, each once, none inside another.
  std::vector<std::string> output_paths;

  bool operator==(const Command&) const = default;
};

// A lightweight container as data. Its name is the digest of encode(); an output that isn't made is simply
// absent from the result, and a promise of it then fails by name.
struct Thunk {
  object::Digest command;     // of an encoded Command
  object::Digest input_root;  // of an encoded object::Directory: the process's "/"
  std::map<std::string, std::string> platform;

  bool operator==(const Thunk&) const = default;
};

// A property of thunks whose footprint rests on somebody's word. With this value a command that exits with 0
// has failed all the same (Deterministic) if it left a file beside its outputs or in its working directory
// that is no output of it, or an output with a mode that a result cannot hold. Without the property such
// files are lost, as scratch files should be, and such modes become ordinary ones.
inline constexpr const char* kOutputs = "gg-outputs";
inline constexpr const char* kExact = "exact";

// Would encode() take it? The error says what is wrong. Ask before encoding what came from a user's command
// line.
[[nodiscard]] base::Result<void> check(const Command& command);
[[nodiscard]] base::Result<void> check(const Thunk& thunk);

// Canonical bytes, spec/proto/gg/v1/thunk.proto. Throw std::logic_error for what check() refuses.
[[nodiscard]] std::string encode(const Command& command);
[[nodiscard]] std::string encode(const Thunk& thunk);

// Accept only what encode() writes.
[[nodiscard]] base::Result<Command> decode_command(std::string_view bytes);
[[nodiscard]] base::Result<Thunk> decode_thunk(std::string_view bytes);

// The thunk's name.
[[nodiscard]] object::Digest name_of(const Thunk& thunk);

}  // namespace ir
