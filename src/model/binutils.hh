#pragma once

#include "model/gcc.hh"

namespace model {

// GNU binutils called directly. Each reads only what its command line names.
[[nodiscard]] Modelled model_ar(const Invocation& invocation, const Tools& tools);
[[nodiscard]] Modelled model_ranlib(const Invocation& invocation, const Tools& tools);
[[nodiscard]] Modelled model_as(const Invocation& invocation, const Tools& tools);
[[nodiscard]] Modelled model_ld(const Invocation& invocation, const Tools& tools);

}  // namespace model
