#pragma once

#include "model/model.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

namespace model {

// Stands in for nasm and yasm. Which files a source includes, the assembler itself is asked each time (-M),
// which takes it some milliseconds.
class NasmModel {
 public:
  NasmModel(View& view, Toolchains& toolchains, ThunkBuilder& builder);

  enum class Assembler : unsigned char { Nasm, Yasm };

  [[nodiscard]] base::Result<Inference> infer(Assembler assembler, const Invocation& invocation);

 private:
  View& view_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
};

}  // namespace model
