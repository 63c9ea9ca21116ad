#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "model/compiler_dependencies.hh"
#include "model/known_compilers.hh"
#include "model/view_files.hh"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace model {

// Scans the translation unit itself (scan/scanner.hh), and asks the real compiler where only that one knows.
//
// Nothing is remembered of a command: what is scanned anew is never stale, and to check a record of all files
// and of all names looked for in vain would save half a millisecond to one
// (docs/decisions/include-scanner.md). What is remembered is each header by its state, and each compiler.
class ScannedDependencies final : public Dependencies {
 public:
  ScannedDependencies(View& view, object::Records& records, const base::Clock& clock);

  [[nodiscard]] base::Result<PreprocessingAnswer> of(const PreprocessingQuestion& question) override;

  // Questions that went to the compiler for one reason.
  struct Asked {
    uint64_t times = 0;
    std::string example;  // the last one's
  };

  struct Counts {
    uint64_t scanned = 0;
    base::Nanoseconds scanning{0};       // in all of them
    std::map<std::string, Asked> asked;  // of the compiler, by the reason
  };

  [[nodiscard]] Counts counts() const {
    return counts_.with([](const Counts& counts) { return counts; });
  }

 private:
  [[nodiscard]] base::Result<PreprocessingAnswer> scan(const PreprocessingQuestion& question);
  [[nodiscard]] base::Result<PreprocessingAnswer> ask(const PreprocessingQuestion& question,
                                                      std::string_view reason, const std::string& detail);
  [[nodiscard]] base::Result<PreprocessingAnswer> with_precompiled(const PreprocessingQuestion& question,
                                                                   const std::string& header);
  void count(std::string_view reason, const std::string& detail);
  [[nodiscard]] base::Result<PreprocessingAnswer> owed(const scan::Owed& owed,
                                                       const PreprocessingQuestion& question);

  View& view_;
  const base::Clock& clock_;
  ViewFiles files_;
  scan::Scanner scanner_;
  KnownCompilers compilers_;
  CompilerDependencies compiler_;
  base::Guarded<Counts> counts_;
};

}  // namespace model
