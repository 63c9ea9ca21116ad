#pragma once

#include "model/scan/expander.hh"

namespace model::scan {

// Whether the condition of #if or #elif holds, in the arithmetic of the preprocessor (64 bits, signed or
// unsigned). The expander was started on its tokens; whatever is wrong ends up in expander.failure().
[[nodiscard]] bool evaluate(Expander& expander);

}  // namespace model::scan
