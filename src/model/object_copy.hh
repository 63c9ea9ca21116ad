#pragma once

#include "model/model.hh"
#include "model/step.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"
#include "object/store.hh"

#include <optional>
#include <string>

namespace model {

// Stands in for strip and objcopy, binutils' and LLVM's, which make a file out of another, or change one in
// place.
class ObjectCopyModel {
 public:
  ObjectCopyModel(View& view, object::Store& store, Toolchains& toolchains, ThunkBuilder& builder);

  [[nodiscard]] base::Result<Inference> strip(const Invocation& invocation);
  [[nodiscard]] base::Result<Inference> objcopy(const Invocation& invocation);

 private:
  enum class Operands : unsigned char { EachInPlace, FromTo };

  [[nodiscard]] base::Result<Inference> copy(const Invocation& invocation, Operands operands);

  // A file that is read and one, perhaps the same, that is written. Nullopt: all is well.
  [[nodiscard]] std::optional<Declined> add(const std::string& from, const std::string& to,
                                            const std::string& program, Step& step);

  // Is (or will be) the archive at the path a thin one, as far as anybody can tell?
  [[nodiscard]] bool is_thin(const object::Promise* promise, const std::string& path);

  View& view_;
  object::Store& store_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
};

}  // namespace model
