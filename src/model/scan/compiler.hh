#pragma once

#include "model/scan/directives.hh"
#include "model/scan/scanner.hh"

#include <memory>
#include <vector>

namespace model::scan {

class Compiler {
 public:
  Dialect dialect;
  uint32_t dialect_number = 0;  // the same for equal dialects of one scanner
  bool modules = false;         // import and module are directives
  std::shared_ptr<const FileDirectives> predefined;
  std::vector<Macro> builtins;
};

// The command line's -D and -U as if they were a file.
[[nodiscard]] std::string as_directives(const std::vector<MacroAction>& actions);

}  // namespace model::scan
