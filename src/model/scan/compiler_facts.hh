#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "model/scan/dialect.hh"
#include "model/scan/scanner.hh"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace model::scan {

// How a compiler is asked. `options`: all that change predefined macros, dialect or default directories
// (-std=, -m…, -f…, -O, -pthread, --sysroot, -nostdinc, -stdlib=, -isysroot, -B), but no -D, -U, -I or the
// like.
struct CompilerCall {
  std::string program;  // absolute
  std::vector<std::string> options;
  std::string language;                  // of -x: "c", "c++", "assembler-with-cpp"
  std::vector<std::string> environment;  // without CPATH, C_INCLUDE_PATH and their kin
  std::string working_directory;
  std::string root;  // chroot for it; "" is none

  auto operator<=>(const CompilerCall&) const = default;
};

// What Scanner::compiler and `merge` want to know of a compiler. To be cached by the caller, also on disk.
struct CompilerFacts {
  std::string predefined;
  std::vector<std::string> builtins;
  std::vector<std::string> directories;  // its own, in order
  Flavour flavour = Flavour::Gcc;

  bool operator==(const CompilerFacts&) const = default;
};

// Runs the compiler twice on a few lines. Errors carry what it said.
[[nodiscard]] base::Result<CompilerFacts> compiler_facts(const CompilerCall& call);

// The directories between "#include <...> search starts here:" and "End of search list." in what -v prints,
// and those for quotes before.
struct PrintedDirectories {
  std::vector<std::string> quote;
  std::vector<std::string> bracket;
};

[[nodiscard]] PrintedDirectories parse_verbose(std::string_view text);

// Asks the compiler itself and remembers. The first question takes along those that the usual headers ask.
class AskCompiler final : public Answers {
 public:
  explicit AskCompiler(CompilerCall call) : call_(std::move(call)) {}

  std::optional<int64_t> answer(const std::string& question) override;

  // For a cache on disk.
  [[nodiscard]] std::map<std::string, int64_t> known() const;
  void remember(const std::map<std::string, int64_t>& answers);

 private:
  [[nodiscard]] std::map<std::string, std::optional<int64_t>> ask(
      const std::vector<std::string>& questions) const;

  CompilerCall call_;
  base::Guarded<std::map<std::string, std::optional<int64_t>>> answers_;
};

}  // namespace model::scan
