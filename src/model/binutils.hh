#pragma once

#include "model/model.hh"
#include "model/shared_links.hh"
#include "model/step.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

namespace model {

// Stands in for ar, ranlib, ld and as.
class BinutilsModel {
 public:
  BinutilsModel(View& view, object::Store& store, Toolchains& toolchains, ThunkBuilder& builder,
                SharedLinks& links);

  [[nodiscard]] base::Result<Inference> ar(const Invocation& invocation);
  [[nodiscard]] base::Result<Inference> ranlib(const Invocation& invocation);
  [[nodiscard]] base::Result<Inference> ld(const Invocation& invocation);
  [[nodiscard]] base::Result<Inference> as(const Invocation& invocation);

 private:
  // An existing thin archive's members are inputs, too. An answer ends the work.
  [[nodiscard]] std::optional<Inference> add_thin_members(const object::Entry& entry,
                                                          const std::string& archive, Step& step);

  // The archive that the command changes or makes.
  [[nodiscard]] std::optional<Declined> add_changed(const std::string& archive, const Archiver& archiver,
                                                    Step& step);

  View& view_;
  object::Store& store_;
  Toolchains& toolchains_;
  ThunkBuilder& builder_;
  SharedLinks& links_;
};

}  // namespace model
