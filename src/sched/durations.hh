#pragma once

#include "base/clock.hh"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sched {

// How long thunks are expected to take, learnt from earlier runs: by label ("compile src/a.c"), else by kind
// ("compile"), else as all that is known on average. For Request::weight, so that the longest way through a
// graph goes first. A value; a wrong guess costs time only, never an answer.
class Durations {
 public:
  // In milliseconds, at least 1.
  [[nodiscard]] uint32_t weight(const std::string& kind, const std::string& label) const;

  // It took so long, and ended well.
  void learn(const std::string& kind, const std::string& label, base::Nanoseconds took);

  // As text, a line each. Of more labels than `most`, those that were not learnt since decode() go first.
  static constexpr size_t kMostLabels = 20'000;
  [[nodiscard]] std::string encode(size_t most = kMostLabels) const;

  // What it does not understand it passes over.
  [[nodiscard]] static Durations decode(std::string_view text);

  [[nodiscard]] bool has_learnt() const { return has_learnt_; }

 private:
  struct Known {
    uint32_t milliseconds = 0;
    bool fresh = false;
  };

  // Half of it is the latest time, a quarter the one before, …
  static void count(std::map<std::string, Known>& among, const std::string& name, uint32_t milliseconds);

  std::map<std::string, Known> kinds_;  // the empty one: all
  std::map<std::string, Known> labels_;
  bool has_learnt_ = false;
};

}  // namespace sched
