#pragma once

#include "base/guarded.hh"
#include "sched/durations.hh"

#include <optional>
#include <string>

namespace cli {

// How long thunks took in earlier runs on this store, kept in one of its files: read when the first is asked
// for, written when this goes. Any thread. Nothing depends on the file: one that cannot be read or written is
// as none.
class Expectations {
 public:
  explicit Expectations(std::string path) : path_(std::move(path)) {}

  ~Expectations();
  Expectations(const Expectations&) = delete;
  Expectations& operator=(const Expectations&) = delete;

  // "compile" of "compile src/a.c".
  [[nodiscard]] static std::string kind_of(const std::string& label);

  [[nodiscard]] uint32_t weight(const std::string& label);
  void learn(const std::string& label, base::Nanoseconds took);

 private:
  sched::Durations& loaded(std::optional<sched::Durations>& durations) const;

  std::string path_;
  base::Guarded<std::optional<sched::Durations>> durations_;
};

}  // namespace cli
