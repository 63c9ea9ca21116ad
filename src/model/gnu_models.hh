#pragma once

#include "base/clock.hh"
#include "model/binutils.hh"
#include "model/described_model.hh"
#include "model/gcc_model.hh"
#include "model/model.hh"
#include "model/nasm.hh"
#include "model/object_copy.hh"
#include "model/scanned_dependencies.hh"
#include "model/shared_links.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

#include <atomic>
#include <chrono>

namespace model {

// The tools that gg has models for by itself: gcc, g++, cpp, clang, clang++, ar, ranlib, ld, ld.gold, lld,
// mold, as, strip, objcopy, nasm, yasm, and LLVM's of the like; and those that the user describes. Any
// thread.
class GnuModels final : public Models {
 public:
  // `described`: the tools that the user describes, besides.
  GnuModels(View& view, object::Store& store, object::Records& records,
            std::vector<DescribedTool> described = {});

  [[nodiscard]] std::vector<std::string> tools(const std::string& path_variable) const override;
  [[nodiscard]] Inference infer(const Invocation& invocation) override;
  [[nodiscard]] base::Result<bool> keep(const Inferred& inferred) override;
  [[nodiscard]] std::optional<Inference> infer_again(const Invocation& invocation) override;

  // For the summary: where inference spent its time.
  struct Statistics {
    uint64_t inferences = 0;
    base::Nanoseconds time{0};
    ScannedDependencies::Counts dependencies;
  };

  [[nodiscard]] Statistics statistics() const;

 private:
  [[nodiscard]] Inference timed(const Invocation& invocation, GccModel::Asking asking);
  [[nodiscard]] base::Result<Inference> until_steady(const Invocation& invocation, GccModel::Asking asking);
  [[nodiscard]] base::Result<Inference> guarded(const Invocation& invocation, GccModel::Asking asking);
  [[nodiscard]] base::Result<Inference> dispatch(const Invocation& invocation, GccModel::Asking asking);

  base::SystemClock clock_;  // file times are compared with it, so no other would do
  ScannedDependencies dependencies_;
  Toolchains toolchains_;
  LinkerCalls linker_calls_;
  ThunkBuilder builder_;
  SharedLinks links_;
  GccModel gcc_;
  BinutilsModel binutils_;
  ObjectCopyModel object_copy_;
  NasmModel nasm_;
  DescribedModel described_;
  std::atomic<uint64_t> inferences_{0};
  std::atomic<int64_t> nanoseconds_{0};
};

}  // namespace model
