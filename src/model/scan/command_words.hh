#pragma once

#include "model/scan/compiler_facts.hh"
#include "model/scan/depfile.hh"
#include "model/scan/scanner.hh"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace model::scan {

// The options of a compile command that decide about preprocessing, sorted by what they act on.
struct CommandWords {
  std::vector<std::string> compiler;  // for CompilerCall::options
  UserDirectories directories;
  std::vector<MacroAction> macros;
  std::vector<ForcedFile> forced;
  std::vector<DepfileTarget> targets;  // -MT, -MQ
  bool phony_targets = false;          // -MP
  bool hosted = true;                  // neither -ffreestanding nor -nostdinc
  bool canonical_system_headers = true;
  bool file_macros_remapped = false;
  std::optional<bool> trigraphs;
  std::optional<bool> dollars;
  bool operator_names = true;

  bool operator==(const CommandWords&) const = default;
};

// Response files are expanded, the source and -x, -c, -o and the like are left out. `environment` is the
// command's (CPATH and its relatives count). The word that only the real compiler knows, where there is one.
[[nodiscard]] std::variant<CommandWords, std::string> parse_words(
    const std::vector<std::string>& words, const std::map<std::string, std::string>& environment,
    const std::string& language);

}  // namespace model::scan
