#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "model/dependencies.hh"
#include "model/preprocessor_options.hh"
#include "model/scan/compiler_facts.hh"
#include "model/scan/scanner.hh"
#include "object/store.hh"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace model {

// A compiler under one set of options, language and environment, as the scanner wants it.
struct KnownCompiler {
  object::Digest name;  // of all that
  scan::CompilerFacts facts;
  std::shared_ptr<const scan::Compiler> compiler;
  std::unique_ptr<scan::AskCompiler> answers;
};

// What the compilers of this machine predefine and where they look, asked once and kept in
// object::kCompilerTable for the next run. Any thread; one that needs what another is just asking for waits
// for it, and nobody else does.
class KnownCompilers {
 public:
  KnownCompilers(View& view, object::Records& records, scan::Scanner& scanner);

  // Errors carry what the compiler said; it is asked again the next time.
  [[nodiscard]] base::Result<std::shared_ptr<const KnownCompiler>> find(const PreprocessingQuestion& question,
                                                                        const PreprocessorOptions& options);

  // After a scan: what the compiler was asked meanwhile is kept.
  [[nodiscard]] base::Result<void> keep_answers(const KnownCompiler& known);

 private:
  using Known = std::shared_ptr<const KnownCompiler>;

  struct Slot {
    std::mutex asking;
    Known known;
  };

  // What is recorded of it, else what it says itself.
  [[nodiscard]] base::Result<KnownCompiler> look_up(const object::Digest& name,
                                                    const scan::CompilerCall& call);
  [[nodiscard]] base::Result<KnownCompiler> ask(const object::Digest& name, const scan::CompilerCall& call);
  [[nodiscard]] bool is_current(const scan::CompilerFacts& facts);

  View& view_;
  object::Records& records_;
  scan::Scanner& scanner_;
  base::Guarded<std::unordered_map<object::Digest, std::shared_ptr<Slot>>> slots_;
};

}  // namespace model
