#pragma once

#include "model/driver_options.hh"
#include "model/scan/scanner.hh"
#include "model/scan/search_path.hh"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace model {

// A driver's options that bear on preprocessing, sorted by what the include scanner does with them.
struct PreprocessorOptions {
  scan::UserDirectories directories;
  std::vector<scan::MacroAction> macros;
  std::vector<scan::ForcedFile> forced;
  std::vector<std::string> dialect;  // all that may change what the compiler predefines, or where it looks by
                                     // itself: it is asked with them
  std::optional<bool> trigraphs;
  bool reads_stdc_predef = true;
  bool canonical_system_headers = true;
  bool file_macros_remapped = false;
  std::string not_scanned;  // an option whose effect the scanner does not know; "": none
};

// `options`: as in PreprocessingQuestion, by the driver's `table`. `environment`: CPATH and its kin are taken
// from it, for C++ or for C and the assembler.
[[nodiscard]] PreprocessorOptions sort_preprocessor_options(
    const DriverOptions& table, const std::vector<std::string>& options,
    const std::map<std::string, std::string>& environment, bool cxx);

}  // namespace model
