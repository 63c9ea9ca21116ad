#pragma once

#include "model/scan/epoch_map.hh"
#include "model/scan/macro_table.hh"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace model::scan {

// A name that was looked up, and the definition that was found; 0: none.
struct Consulted {
  uint32_t name = 0;
  uint64_t definition = 0;  // Macro::serial
};

// What came of #if and #elif conditions: a condition whose names mean what they meant comes to the same. Kept
// from one translation unit to the next. One thread.
class Conditions {
 public:
  // `condition`: FileDirectives::serial + the directive's index.
  [[nodiscard]] std::optional<bool> recall(uint64_t condition, const MacroTable& macros) const;

  // `consulted`: all that `holds` depends on, besides the condition itself.
  void remember(uint64_t condition, std::span<const Consulted> consulted, bool holds);

 private:
  struct Entry {
    uint32_t first = 0;
    uint32_t count = 0;
    bool holds = false;
  };

  EpochMap by_condition_;
  std::vector<Entry> entries_;
  std::vector<Consulted> consulted_;
};

}  // namespace model::scan
