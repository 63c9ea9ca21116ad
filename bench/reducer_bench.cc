// The reducer alone on a million thunks: how much memory, how much time each. The driver beside it answers at
// once and its time counts, too. Usage: reducer_bench [thunks]. Exits with 1 when a bar is missed.
#include "sched/reducer.hh"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <string>

namespace {

constexpr double kMostBytes = 1024;
constexpr double kMostNanoseconds = 10'000;

using Promises = std::function<std::vector<object::Promise>(uint64_t)>;

struct Shape {
  const char* name;
  bool ask_for_all;  // each thunk as it is inferred; else the last one only
  Promises promises;
};

uint64_t mixed(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

// A made-up digest, as well mixed as a real one, from which number_of() reads the number back.
object::Digest name_of(uint64_t thunk, uint64_t kind) {
  const uint64_t words[] = {mixed(4 * thunk + kind), thunk, 0, 0};
  object::Digest::Hash hash{};
  std::memcpy(hash.data(), words, hash.size());
  return {hash, kind};
}

constexpr uint64_t kAsWritten = 1;
constexpr uint64_t kConcrete = 2;
constexpr uint64_t kOutput = 3;

uint64_t number_of(const object::Digest& name) {
  uint64_t thunk = 0;
  std::memcpy(&thunk, name.hash().data() + 8, sizeof thunk);
  return thunk;
}

class Driver {
 public:
  explicit Driver(const Promises& promises) : promises_(promises), reducer_(sched::Policy{}) {
    reducer_.set_engine(0, 1000);
  }

  void ask(uint64_t thunk) {
    sched::Request request;
    request.hints.label = "compile " + std::to_string(thunk) + ".c";
    (void)reducer_.add(name_of(thunk, kAsWritten), request);
    work();
  }

  [[nodiscard]] const sched::Reducer& reducer() const { return reducer_; }

 private:
  void work() {
    std::vector<sched::Action> taken;
    std::deque<sched::Action> actions;
    while (true) {
      reducer_.take_actions(taken);
      std::move(taken.begin(), taken.end(), std::back_inserter(actions));
      if (actions.empty()) {
        return;
      }
      const sched::Action action = std::move(actions.front());
      actions.pop_front();
      std::visit([this](const auto& one) { answer(one); }, action);
    }
  }

  void answer(const sched::Open& open) { reducer_.opened(open.ticket, promises_(number_of(open.thunk))); }

  void answer(const sched::Substitute& substitute) {
    reducer_.substituted(substitute.ticket, name_of(number_of(substitute.thunk), kConcrete), std::nullopt);
  }

  void answer(const sched::Execute& execute) {
    const uint64_t thunk = number_of(execute.thunk);
    ir::Result result;
    result.outputs.emplace("out/object-" + std::to_string(thunk) + ".o",
                           object::File{name_of(thunk, kOutput), false});
    reducer_.attempt_done(execute.attempt, std::move(result));
  }

  template <class Other>
  void answer(const Other&) {}

  const Promises& promises_;
  sched::Reducer reducer_;
};

object::Promise promise_of(uint64_t thunk) {
  return {name_of(thunk, kAsWritten), "out/object-" + std::to_string(thunk) + ".o"};
}

long peak_kilobytes() {
  FILE* status = std::fopen("/proc/self/status", "re");
  char line[256];
  long peak = 0;
  while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr) {
    (void)std::sscanf(line, "VmHWM: %ld", &peak);
  }
  if (status != nullptr) {
    (void)std::fclose(status);
  }
  return peak;
}

// Not the wall clock: what else the machine does is not the reducer's.
double cpu_nanoseconds() {
  timespec now{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

bool measure(const Shape& shape, uint64_t count) {
  const long before = peak_kilobytes();
  const double start = cpu_nanoseconds();
  Driver driver(shape.promises);
  for (uint64_t thunk = shape.ask_for_all ? 0 : count - 1; thunk < count; ++thunk) {
    driver.ask(thunk);
  }
  const double took = cpu_nanoseconds() - start;
  const double each = static_cast<double>(count);
  const double held = static_cast<double>(mallinfo2().uordblks) + static_cast<double>(mallinfo2().hblkhd);
  const double peak = static_cast<double>(peak_kilobytes() - before) * 1024;
  const bool done = driver.reducer().size() == count && driver.reducer().unfinished() == 0 &&
                    driver.reducer().counters().executed == count;
  std::printf("%-12s %8.0f bytes held  %8.0f bytes at the peak  %8.0f ns   each of %llu%s\n", shape.name,
              held / each, peak / each, took / each, static_cast<unsigned long long>(count),
              done ? "" : "  NOT FINISHED");
  return done && peak / each <= kMostBytes && took / each <= kMostNanoseconds;
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const Shape shapes[] = {
      {"random DAG", true,
       [](uint64_t thunk) {
         uint64_t state = ~thunk;
         const auto random = [&state] { return state = mixed(state); };
         std::vector<object::Promise> promises;
         for (uint64_t edges = thunk == 0 ? 0 : random() % 5; edges > 0; --edges) {
           promises.push_back(promise_of(random() % thunk));
         }
         return promises;
       }},
      {"chain", false,
       [](uint64_t thunk) {
         return thunk == 0 ? std::vector<object::Promise>{}
                           : std::vector<object::Promise>{promise_of(thunk - 1)};
       }},
      {"fan-in", false,
       [count](uint64_t thunk) {
         std::vector<object::Promise> promises;
         for (uint64_t input = 0; thunk == count - 1 && input < thunk; ++input) {
           promises.push_back(promise_of(input));
         }
         return promises;
       }},
  };
  bool fine = true;
  for (const Shape& shape : shapes) {
    // A process each: a peak cannot be taken back.
    const pid_t child = ::fork();
    if (child == 0) {
      const bool well = measure(shape, count);
      (void)std::fflush(stdout);
      ::_exit(well ? 0 : 1);
    }
    int status = 1;
    (void)::waitpid(child, &status, 0);
    fine = fine && status == 0;
  }
  return fine ? 0 : 1;
}
