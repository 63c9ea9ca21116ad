#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "base/subprocess.hh"
#include "model/model.hh"
#include "model/options.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

#include <map>
#include <span>
#include <string>

namespace model {

[[nodiscard]] std::span<const Option> nasm_options();
[[nodiscard]] std::span<const Option> yasm_options();

// Stands in for nasm and yasm. Which files a source includes, the assembler itself is asked each time (-M),
// which takes it some milliseconds.
class NasmModel {
 public:
  NasmModel(View& view, Toolchains& toolchains, ThunkBuilder& builder, const base::Clock& clock);

  enum class Assembler : unsigned char { Nasm, Yasm };

  [[nodiscard]] base::Result<Inference> infer(Assembler assembler, const Invocation& invocation);

  // What -MD writes into a depfile compared with what -M tells: nasm 2.16.01 leaves out what %include brings.
  enum class Depfiles : unsigned char { AsTold, WithoutIncludes, Otherwise };

 private:
  // Of the nasm at `path`, by trying it once.
  [[nodiscard]] Depfiles depfiles_of(const std::string& path);

  // What -M tells, and the states in which the files were that it is about.
  struct Told {
    base::Completed said;
    std::vector<std::string> files;  // the source among them, as they are named
    std::vector<scan::Reading> readings;
  };

  [[nodiscard]] base::Result<Told> ask_until_steady(const Invocation& invocation,
                                                    const std::vector<std::string>& question,
                                                    const std::string& source);

  View& view_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
  const base::Clock& clock_;
  base::Guarded<std::map<std::string, Depfiles>> depfiles_;  // by path and times of the program
};

}  // namespace model
