#pragma once

#include <string_view>

namespace sandbox {

// The cell program: a static executable, embedded so that gg needs no file beside it.
[[nodiscard]] std::string_view cell_image();

}  // namespace sandbox
