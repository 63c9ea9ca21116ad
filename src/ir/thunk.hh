#pragma once

#include "base/result.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ir {

// What a thunk runs. Paths are bytes.
struct Command {
  std::vector<std::string> arguments;  // argv[0] included; the program is argv[0], an absolute path or
                                       // relative to the working directory
  std::map<std::string, std::string> environment;  // all of it
  std::string working_directory;                   // relative to the input root; "" is the root itself
  std::vector<std::string>
      output_paths;  // relative to working_directory, or absolute-less "../x"; sorted, unique

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

// Canonical bytes, spec/proto/gg/v1/thunk.proto.
[[nodiscard]] std::string encode(const Command& command);
[[nodiscard]] std::string encode(const Thunk& thunk);

// Accept only what encode() writes.
[[nodiscard]] base::Result<Command> decode_command(std::string_view bytes);
[[nodiscard]] base::Result<Thunk> decode_thunk(std::string_view bytes);

// The thunk's name.
[[nodiscard]] object::Digest name_of(const Thunk& thunk);

}  // namespace ir
