#pragma once

#include "model/scan/directives.hh"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace model::scan {

// Which macros are defined, for one translation unit at a time: `clear` costs nothing, so that a table is
// used for many. Holds pointers only; who defines keeps the macros alive. One thread.
class MacroTable {
 public:
  void clear() {
    if (++epoch_ == 0) {
      slots_.assign(slots_.size(), Slot{});
      epoch_ = 1;
    }
    pushed_.clear();
  }

  void define(const Macro& macro) { define(macro.name, macro); }

  void undefine(uint32_t name) {
    if (name < slots_.size()) {
      slots_[name].epoch = 0;
    }
  }

  [[nodiscard]] const Macro* find(uint32_t name) const {
    return name < slots_.size() && slots_[name].epoch == epoch_ ? slots_[name].macro : nullptr;
  }

  // Macro::serial of what the name stands for; 0: it is no macro.
  [[nodiscard]] uint64_t definition(uint32_t name) const {
    const Macro* macro = find(name);
    return macro == nullptr ? 0 : macro->serial;
  }

  // While a macro is being expanded, its name stands for itself.
  [[nodiscard]] bool disabled(uint32_t name) const { return slots_[name].disabled != 0; }

  void disable(uint32_t name) { ++slots_[name].disabled; }

  void enable(uint32_t name) { --slots_[name].disabled; }

  void push(uint32_t name) { pushed_[name].push_back(find(name)); }

  // Without a matching push nothing happens, as in the compilers.
  void pop(uint32_t name) {
    const auto found = pushed_.find(name);
    if (found == pushed_.end() || found->second.empty()) {
      return;
    }
    const Macro* macro = found->second.back();
    found->second.pop_back();
    if (macro != nullptr) {
      define(name, *macro);
    } else {
      undefine(name);
    }
  }

 private:
  struct Slot {
    const Macro* macro = nullptr;
    uint32_t epoch = 0;
    uint32_t disabled = 0;
  };

  // Leaves `disabled` alone: an expansion that broke off is only wound up when the next one starts.
  void define(uint32_t name, const Macro& macro) {
    Slot& at = slot(name);
    at.macro = &macro;
    at.epoch = epoch_;
  }

  Slot& slot(uint32_t name) {
    if (name >= slots_.size()) {
      slots_.resize(name + size_t{name} / 2 + 1024);
    }
    return slots_[name];
  }

  std::vector<Slot> slots_;
  uint32_t epoch_ = 0;
  std::unordered_map<uint32_t, std::vector<const Macro*>> pushed_;
};

}  // namespace model::scan
