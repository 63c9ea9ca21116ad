#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "object/lending.hh"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What coordinators and workers say to each other: spec/worker.md. Values. Nothing that arrives is believed:
// decoding refuses what no honest peer sends, and who takes objects out of a message hashes them.
namespace wire {

inline constexpr int kVersion = 1;

// One concrete thunk to execute, with all that it takes.
struct Invocation {
  object::Digest thunk;
  std::vector<object::LentPack> packs;  // between them and `objects` lies all that the thunk names
  std::vector<std::string> objects;
  object::LentPlace output;
  std::chrono::milliseconds time{0};  // of the command; 0: the worker's own limit, here as below
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;
  uint64_t inline_bytes = 0;  // of what was made, so much at most comes in the answer as well
  bool tell_memo = false;     // the pack that is written names its result

  bool operator==(const Invocation&) const = default;
};

struct WrittenPack {
  uint64_t bytes = 0;
  std::string index_and_footer;

  bool operator==(const WrittenPack&) const = default;
};

struct Made {
  ir::Result result;
  // Holds all that was made. None: what was made came in the answer, and the command failed.
  std::optional<WrittenPack> pack;
  std::vector<std::string> objects;

  bool operator==(const Made&) const = default;
};

struct Failed {
  base::Error error;
  std::vector<object::Digest> lost;  // that no pack had

  bool operator==(const Failed&) const = default;
};

struct Times {
  std::chrono::nanoseconds fetch{0};
  std::chrono::nanoseconds set_up{0};
  std::chrono::nanoseconds execute{0};
  std::chrono::nanoseconds upload{0};

  bool operator==(const Times&) const = default;
};

struct Answer {
  std::variant<Failed, Made> outcome;
  Times times;
  std::string worker;
  std::string isolation;

  bool operator==(const Answer&) const = default;
};

// What a worker says of itself.
struct Worker {
  std::string name;
  unsigned jobs = 0;
  std::string machine;  // "x86_64"
  std::string isolation;

  bool operator==(const Worker&) const = default;
};

[[nodiscard]] std::string encode(const Invocation& invocation);
[[nodiscard]] std::string encode(const Answer& answer);
[[nodiscard]] std::string encode(const Worker& worker);

// A piece of an answer that only says: I am still at work. Any number of them may come before the answer.
[[nodiscard]] std::string encode_beat();

// Errors are RetryElsewhere and say what is wrong with the message.
[[nodiscard]] base::Result<Invocation> decode_invocation(std::string_view bytes);
[[nodiscard]] base::Result<Answer> decode_answer(std::string_view bytes);
[[nodiscard]] base::Result<Worker> decode_worker(std::string_view bytes);

// As they travel: zstd frames, any number, one after the other.
[[nodiscard]] std::string as_body(std::string_view message);
[[nodiscard]] base::Result<std::string> from_body(std::string_view body);

// The most that a message may have, before compression.
inline constexpr uint64_t kLongestMessage = uint64_t{256} << 20U;

// Where workers answer.
inline constexpr const char* kInvokePath = "/gg/v1/invoke";
inline constexpr const char* kWorkerPath = "/gg/v1/worker";
inline constexpr const char* kContentType = "application/x-gg";

}  // namespace wire
