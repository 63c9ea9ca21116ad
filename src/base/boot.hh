#pragma once

#include <string>

namespace base {

// Names the time since the machine's start (random(4): boot_id), another after each; "" where the kernel does
// not tell. A container has it of its host.
[[nodiscard]] std::string this_boot();

}  // namespace base
