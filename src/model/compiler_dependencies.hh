#pragma once

#include "model/dependencies.hh"
#include "model/include_chain.hh"

namespace model {

// What the real compiler says under -M, and where it looked.
struct CompilerAnswer {
  bool failed = false;             // the command itself will fail, too; `files` are those entered until then
  std::vector<std::string> files;  // as the compiler named them: relative ones to the working directory
  std::string depfile;
  IncludeChain chain;
};

// Asks the real compiler itself: exact by definition, at the price of a process (some 50 ms for a C++ file).
class Compiler {
 public:
  explicit Compiler(View& view);

  [[nodiscard]] base::Result<CompilerAnswer> ask(const PreprocessingQuestion& question);

 private:
  View& view_;
};

// The words to ask with, argv[0] included (-M …).
[[nodiscard]] std::vector<std::string> question_words(const PreprocessingQuestion& question);

}  // namespace model
