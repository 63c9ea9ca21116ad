#pragma once

#include "model/model.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

namespace model {

// Stands in for nasm. Which files a source includes, nasm itself is asked each time (-M), which takes it some
// milliseconds.
class NasmModel {
 public:
  NasmModel(View& view, Toolchains& toolchains, ThunkBuilder& builder);

  [[nodiscard]] base::Result<Inference> infer(const Invocation& invocation);

 private:
  View& view_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
};

}  // namespace model
