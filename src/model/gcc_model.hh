#pragma once

#include "model/dependencies.hh"
#include "model/driver_link.hh"
#include "model/gcc_command.hh"
#include "model/model.hh"
#include "model/shared_links.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

namespace model {

// Stands in for the drivers gcc, g++, clang and clang++: compiles, assembles and links, any of them in one
// command.
class GccModel {
 public:
  GccModel(View& view, object::Store& store, Dependencies& dependencies, Toolchains& toolchains,
           LinkerCalls& linker_calls, ThunkBuilder& builder, SharedLinks& links);

  // Compiler: after a thunk failed. Only the real one's answer will do, and a link brings the compiler that
  // optimises at link time, which objects may ask for though no option does.
  enum class Asking { Any, Compiler };

  [[nodiscard]] base::Result<Inference> infer(Driver driver, const Invocation& invocation, Asking asking);

 private:
  View& view_;
  object::Store& store_;
  Dependencies& dependencies_;
  Toolchains& toolchains_;
  LinkerCalls& linker_calls_;
  ThunkBuilder& builder_;
  SharedLinks& links_;
};

}  // namespace model
