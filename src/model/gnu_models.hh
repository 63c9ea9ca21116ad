#pragma once

#include "model/compiler_dependencies.hh"
#include "model/gcc.hh"
#include "model/model.hh"
#include "object/store.hh"

namespace model {

// gcc, g++, cc, c++ (also with a version or a target before or behind), ar, ranlib, as, ld.
class GnuModels final : public Models {
 public:
  GnuModels(View& view, object::Store& store, object::Records& records);

  [[nodiscard]] std::vector<std::string> tools(const std::string& path_variable) const override;
  [[nodiscard]] Inference infer(const Invocation& invocation) override;
  [[nodiscard]] std::optional<Inference> infer_again(const Invocation& invocation) override;

 private:
  View& view_;
  object::Store& store_;
  FileFacts facts_;
  CompilerDependencies dependencies_;
  Toolchains toolchains_;
};

}  // namespace model
