#include "model/scan/conditions.hh"

#include <algorithm>

namespace model::scan {
namespace {

constexpr size_t kMostOfOne = 32;       // longer ones are as dear to compare as to evaluate
constexpr size_t kMostOfAll = 200'000;  // some 40 bytes each

}  // namespace

std::optional<bool> Conditions::recall(uint64_t condition, const MacroTable& macros) const {
  const auto index = by_condition_.find(condition);
  if (!index) {
    return std::nullopt;
  }
  const Entry& entry = entries_[*index];
  const std::span<const Consulted> consulted = std::span(consulted_).subspan(entry.first, entry.count);
  const bool same = std::all_of(consulted.begin(), consulted.end(), [&](const Consulted& one) {
    return macros.definition(one.name) == one.definition;
  });
  return same ? std::optional(entry.holds) : std::nullopt;
}

void Conditions::remember(uint64_t condition, std::span<const Consulted> consulted, bool holds) {
  if (consulted.size() > kMostOfOne) {
    return;
  }
  if (consulted_.size() + entries_.size() > kMostOfAll) {  // many conditions consult nothing: #if 0
    by_condition_.clear();
    entries_.clear();
    consulted_.clear();
  }
  const Entry entry{static_cast<uint32_t>(consulted_.size()), static_cast<uint32_t>(consulted.size()), holds};
  consulted_.insert(consulted_.end(), consulted.begin(), consulted.end());
  if (const auto index = by_condition_.find(condition)) {
    entries_[*index] = entry;
  } else {
    by_condition_.set(condition, static_cast<uint32_t>(entries_.size()));
    entries_.push_back(entry);
  }
}

}  // namespace model::scan
