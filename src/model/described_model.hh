#pragma once

#include "model/described_tool.hh"
#include "model/model.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace model {

// Stands in for the tools that users describe.
class DescribedModel {
 public:
  // Of several descriptions that fit a command the first counts.
  DescribedModel(std::vector<DescribedTool> tools, View& view, Toolchains& toolchains, ThunkBuilder& builder);
  ~DescribedModel();

  // Is a program of this name in any of the descriptions?
  [[nodiscard]] bool knows(const std::string& name) const;

  // Nullopt: no description fits.
  [[nodiscard]] base::Result<std::optional<Inference>> infer(const Invocation& invocation);

 private:
  struct Compiled;
  class Reading;

  View& view_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
  std::vector<std::unique_ptr<const Compiled>> tools_;
};

}  // namespace model
