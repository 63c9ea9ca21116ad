#pragma once

#include "base/clock.hh"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace engine {

// A function that executes thunks, as it was found.
struct Function {
  std::string name;
  uint64_t memory_mb = 0;
  std::chrono::seconds timeout{0};

  bool operator==(const Function&) const = default;
};

// Identical functions that are used in turn (1,000 new environments in 10 s is what each of them gets), and
// which of them take one more now. Those with more memory are a class of their own, for what needs it. One
// thread; time is given.
class Functions {
 public:
  // A time shortened by chance: net::with_jitter.
  using Jitter = std::function<std::chrono::milliseconds(std::chrono::milliseconds)>;

  // At least one.
  Functions(std::vector<Function> functions, Jitter jitter);

  // Classes of memory, the smallest first.
  [[nodiscard]] size_t classes() const { return classes_.size(); }

  [[nodiscard]] uint64_t memory_mb(size_t memory_class) const { return classes_[memory_class]; }

  // The smallest class that has so much; the largest where none has.
  [[nodiscard]] size_t class_for(uint64_t memory_bytes) const;

  // The longest that one of them may run.
  [[nodiscard]] std::chrono::seconds timeout() const;

  // The number of one that takes one more. nullopt: none does now.
  [[nodiscard]] std::optional<size_t> take(size_t memory_class, base::Nanoseconds now);

  [[nodiscard]] const Function& operator[](size_t number) const { return places_[number].function; }

  // Ramp: who is throttled keeps to what runs, pauses, and then tries some more.
  enum class Went { Well, Throttled, Badly, Gone };

  // The invocation that was taken has left it.
  void done(size_t number, Went went, base::Nanoseconds now);

  // When take() may find one although nothing was done() meanwhile. nullopt: never, or it depends on done().
  [[nodiscard]] std::optional<base::Nanoseconds> next_chance(size_t memory_class) const;

  // Of a class, none is left, and none runs any more.
  [[nodiscard]] bool are_gone(size_t memory_class) const;

 private:
  struct Place {
    Function function;
    unsigned running = 0;
    unsigned room = 0;       // so many at once
    unsigned throttled = 0;  // one after the other, likewise
    unsigned failures = 0;
    bool is_gone = false;
    bool is_paused = false;  // and tries some more after that
    base::Nanoseconds not_before{0};
  };

  [[nodiscard]] bool is_of(const Place& place, size_t memory_class) const {
    return place.function.memory_mb == classes_[memory_class];
  }

  std::vector<Place> places_;
  std::vector<uint64_t> classes_;
  Jitter jitter_;
  size_t turn_ = 0;
};

}  // namespace engine
