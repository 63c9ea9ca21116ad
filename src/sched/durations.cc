#include "sched/durations.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

// One line each: "kind 1200 compile", "label 1350 compile src/a.c"; in milliseconds.
namespace sched {

namespace {

constexpr std::string_view kFirstLine = "gg durations 1";
constexpr int64_t kLongest = int64_t{30} * 24 * 3600 * 1000;

// The text before the next `end`, which is taken away with it.
std::string_view take_to(std::string_view& text, char end) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

uint32_t Durations::weight(const std::string& kind, const std::string& label) const {
  if (const auto known = labels_.find(label); known != labels_.end()) {
    return known->second.milliseconds;
  }
  for (const std::string& like : {kind, std::string()}) {
    if (const auto known = kinds_.find(like); known != kinds_.end()) {
      return known->second.milliseconds;
    }
  }
  return 1;
}

void Durations::learn(const std::string& kind, const std::string& label, base::Nanoseconds took) {
  const int64_t milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  const auto bounded = static_cast<uint32_t>(std::clamp<int64_t>(milliseconds, 1, kLongest));
  count(kinds_, {}, bounded);
  if (!kind.empty()) {
    count(kinds_, kind, bounded);
  }
  if (!label.empty()) {
    count(labels_, label, bounded);
  }
  has_learnt_ = true;
}

void Durations::count(std::map<std::string, Known>& among, const std::string& name, uint32_t milliseconds) {
  const auto [at, is_new] = among.try_emplace(name, Known{milliseconds, true});
  if (!is_new) {
    at->second = {at->second.milliseconds - at->second.milliseconds / 2 + milliseconds / 2, true};
  }
}

std::string Durations::encode(size_t most) const {
  std::string text = fmt::format("{}\n", kFirstLine);
  const auto write = [&text](const char* what, const std::string& name, const Known& known) {
    if (name.find('\n') == std::string::npos) {
      fmt::format_to(std::back_inserter(text), "{} {} {}\n", what, known.milliseconds, name);
    }
  };
  for (const auto& [kind, known] : kinds_) {
    write("kind", kind, known);
  }
  for (const bool fresh : {true, false}) {
    for (const auto& [label, known] : labels_) {
      if (known.fresh == fresh && most > 0) {
        write("label", label, known);
        --most;
      }
    }
  }
  return text;
}

Durations Durations::decode(std::string_view text) {
  Durations durations;
  if (take_to(text, '\n') != kFirstLine) {
    return durations;
  }
  while (!text.empty()) {
    std::string_view line = take_to(text, '\n');
    const std::string_view what = take_to(line, ' ');
    const std::string_view number = take_to(line, ' ');
    uint32_t milliseconds = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), milliseconds);
    if (error != std::errc() || end != number.data() + number.size() || milliseconds == 0) {
      continue;
    }
    if (what == "kind") {
      durations.kinds_.insert_or_assign(std::string(line), Known{milliseconds, false});
    } else if (what == "label") {
      durations.labels_.insert_or_assign(std::string(line), Known{milliseconds, false});
    }
  }
  return durations;
}

}  // namespace sched
