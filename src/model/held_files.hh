#pragma once

#include "object/digest.hh"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace model {

// Which objects a store was seen to have, and files with their bytes, should it lose them: the last few, the
// one seen last first. A session of 100,000 compiles holds a million, so each takes some 130 bytes. One
// thread.
class HeldFiles {
 public:
  // Is it held? Then the file at the absolute path is the one seen last.
  [[nodiscard]] bool see_again(const object::Digest& digest, std::string_view path);

  void add(const object::Digest& digest, std::string_view path);

  [[nodiscard]] std::vector<std::string> paths(const object::Digest& digest) const;

 private:
  // Of each file the number of its folder, its name and NUL.
  using Packed = std::string;

  [[nodiscard]] uint32_t folder(std::string_view path);
  [[nodiscard]] bool is_first(const Packed& packed, std::string_view path) const;
  void bring_to_front(Packed& packed, std::string_view path);

  std::unordered_map<object::Digest, Packed> files_;
  std::deque<std::string> folders_;
  std::unordered_map<std::string_view, uint32_t> folder_numbers_;  // views of `folders_`
};

}  // namespace model
