#pragma once

#include "base/files.hh"
#include "model/scan/compiler_facts.hh"
#include "model/scan/depfile.hh"
#include "model/scan/scanner.hh"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// For tests: the same translation unit through the real compiler and through the scanner.
namespace model::scan {

struct Case {
  std::string program = "/usr/bin/gcc";
  std::string language = "c";
  std::vector<std::string> dialect;  // options as in CompilerCall::options
  UserDirectories directories;
  std::vector<MacroAction> macros;
  std::vector<ForcedFile> forced;
  std::string main_file = "main.c";
};

class Oracle {
 public:
  explicit Oracle(FileSystem& files) : scanner(files), files_(files) {}

  // The depfile as the compiler writes it beside preprocessing; nullopt when it fails.
  [[nodiscard]] static std::optional<std::string> compiler(const Case& c, const std::string& folder,
                                                           const std::vector<std::string>& more = {"-MD"});

  [[nodiscard]] Request request(const Case& c, const std::string& folder);

  [[nodiscard]] Outcome scan(const Case& c, const std::string& folder) {
    return scanner.scan(request(c, folder));
  }

  // The depfile as the scanner makes it; the reason when it can't.
  [[nodiscard]] std::string scanned(const Case& c, const std::string& folder,
                                    const DepfileOptions& options = {});

  Scanner scanner;

 private:
  struct Asked {
    CompilerFacts facts;
    std::unique_ptr<AskCompiler> answers;
  };

  Asked& asked(const Case& c);

  FileSystem& files_;
  std::map<std::vector<std::string>, Asked> asked_;
};

[[nodiscard]] std::string describe(const Inexact& inexact);

// Writes files below a folder.
void write_tree(const std::string& folder, const std::map<std::string, std::string>& files);

}  // namespace model::scan
