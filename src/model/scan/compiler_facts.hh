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
  std::string argv0;    // how it is called: a driver may look for its parts by that
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
  std::vector<std::string> ignored;      // would be among them if they were there, or were other directories
  Flavour flavour = Flavour::Gcc;

  bool operator==(const CompilerFacts&) const = default;
};

// Runs the compiler twice on a few lines. Errors carry what it said.
[[nodiscard]] base::Result<CompilerFacts> compiler_facts(const CompilerCall& call);

// Where a preprocessor looks for headers, as it says itself under -v (with LC_ALL=C).
struct PrintedDirectories {
  std::vector<std::string> quote;    // before `bracket`, for #include "…" alone
  std::vector<std::string> bracket;  // #include <…>
  std::vector<std::string> ignored;  // not there, or the same as others

  bool operator==(const PrintedDirectories&) const = default;
};

// nullopt: nothing was printed.
[[nodiscard]] std::optional<PrintedDirectories> parse_verbose(std::string_view text);

// Asks the compiler itself and remembers. The first question takes along those that the usual headers ask.
class AskCompiler final : public Answers {
 public:
  explicit AskCompiler(CompilerCall call) : call_(std::move(call)) {}

  std::optional<int64_t> answer(const std::string& question) override;

  // For a cache on disk: all that is known, if there is more of it than at the last call.
  [[nodiscard]] std::optional<std::map<std::string, int64_t>> take_news();
  void remember(const std::map<std::string, int64_t>& answers);

 private:
  [[nodiscard]] std::map<std::string, std::optional<int64_t>> ask(
      const std::vector<std::string>& questions) const;

  struct State {
    std::map<std::string, std::optional<int64_t>> answers;
    bool has_news = false;
  };

  CompilerCall call_;
  base::Guarded<State> state_;
};

}  // namespace model::scan
