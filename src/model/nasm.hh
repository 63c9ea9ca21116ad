#pragma once

#include "base/guarded.hh"
#include "model/model.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

#include <map>
#include <string>

namespace model {

// Stands in for nasm and yasm. Which files a source includes, the assembler itself is asked each time (-M),
// which takes it some milliseconds.
class NasmModel {
 public:
  NasmModel(View& view, Toolchains& toolchains, ThunkBuilder& builder);

  enum class Assembler : unsigned char { Nasm, Yasm };

  [[nodiscard]] base::Result<Inference> infer(Assembler assembler, const Invocation& invocation);

  // What -MD writes into a depfile compared with what -M tells: nasm 2.16.01 leaves out what %include brings.
  enum class Depfiles : unsigned char { AsTold, WithoutIncludes, Otherwise };

 private:
  // Of the nasm at `path`, by trying it once.
  [[nodiscard]] Depfiles depfiles_of(const std::string& path);

  View& view_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
  base::Guarded<std::map<std::string, Depfiles>> depfiles_;  // by path and times of the program
};

}  // namespace model
