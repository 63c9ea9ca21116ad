#pragma once

#include <string>
#include <vector>

namespace sandbox {

// What this machine lets gg do about containers, found by trying.
struct Capability {
  std::string name;  // "user namespaces"
  bool there = false;
  std::string detail;  // what was found, or what was refused and what to do

  bool operator==(const Capability&) const = default;
};

struct Capabilities {
  bool sandbox = false;  // containers work, with all that sandbox.hh guarantees
  std::string refusal;   // if not: what was refused, what is lost and what to do
  std::vector<Capability> details;
};

[[nodiscard]] Capabilities probe();

}  // namespace sandbox
