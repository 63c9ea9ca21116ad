#pragma once

#include <string>
#include <string_view>

namespace intercept {

// The shim's executable, as it was built with this gg.
[[nodiscard]] std::string_view shim_image();

struct ShimSettings {
  std::string socket;         // of the inference server; at most 107 bytes. "": GG_LAUNCHER knows whom to ask
  std::string pristine_root;  // "" in PATH mode
  std::string path_directory;  // "" but in PATH mode
  bool launches = false;       // its argv is a tool's path and then the tool's argv
};

// The image with a session's settings in it. Throws OperatorError for one that does not fit.
[[nodiscard]] std::string patched_shim(const ShimSettings& settings);

}  // namespace intercept
