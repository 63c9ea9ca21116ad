#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cell {

struct Message {
  std::string bytes;
  int out = -1;  // the descriptors that came with it
  int err = -1;
  int absent = -1;
};

// The next message of gg; nullopt when gg is gone.
std::optional<Message> receive();

// False when gg is gone.
bool send_all(std::string_view bytes);

}  // namespace cell
