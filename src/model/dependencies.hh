#pragma once

#include "base/result.hh"
#include "model/gcc_command.hh"
#include "model/model.hh"
#include "model/toolchain.hh"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace model {

// One translation unit of one command.
struct PreprocessingQuestion {
  const Toolchain* toolchain = nullptr;
  std::string argv0;                 // how the thunk will call the driver
  std::vector<std::string> options;  // all that bear on preprocessing: -D, -I, -O, -m, -std, …
  std::map<std::string, std::string> environment;  // the thunk's
  std::string working_directory;
  Source source;
  DependencyFile dependencies;
  std::string output;         // -o of the command, "" if it has none: the default target of the depfile
  bool ask_compiler = false;  // nobody else's answer will do

  // What the compiler makes of a precompiled header where one stands in an #include's way: PassedOver where
  // it preprocesses only, and where it makes one itself; LookedFor where it compiles; Taken is for
  // CompilerDependencies to ask with.
  enum class Precompiled : uint8_t { PassedOver, LookedFor, Taken };
  Precompiled precompiled = Precompiled::LookedFor;
  std::string precompiled_file;  // which clang is told to take
};

// Which files preprocessing reads, and what else it looks at.
struct Preprocessing {
  std::vector<scan::Reading> read;  // absolute, "..", symlinks and all as the compiler named them; the source
                                    // is among them
  std::vector<std::string> present;      // looked for and found, whatever is in them
  std::vector<std::string> directories;  // searched, and there
  std::string depfile;                   // byte for byte what the compiler writes; "" if none was wanted
};

using PreprocessingAnswer = std::variant<Preprocessing, Declined, MustRead>;

// "Which files does preprocessing this translation unit read?" Exact: never fewer, and never a file whose
// presence the compiler does not depend on. Any thread; may block.
class Dependencies {
 public:
  Dependencies() = default;
  Dependencies(const Dependencies&) = delete;
  Dependencies& operator=(const Dependencies&) = delete;
  virtual ~Dependencies() = default;

  [[nodiscard]] virtual base::Result<PreprocessingAnswer> of(const PreprocessingQuestion& question) = 0;
};

}  // namespace model
