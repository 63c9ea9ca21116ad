// A million thunks from `gg thunk create --stream` through to results: read from their lines, put into a
// store, reduced with an engine that answers at once, remembered, written into a journal. Says what each
// stage costs, and what of that the journal does.
//
//   stream_bench [--work DIR] [--graph] [thunks]
//
// --graph: each thunk reads an output of an earlier one. Exits with 1 when a bar is missed.
#include "base/files.hh"
#include "cli/draft.hh"
#include "cli/settings.hh"
#include "cli/thunk_flags.hh"
#include "cli/wire_up.hh"
#include "cli/witness.hh"
#include "sched/coordinator.hh"
#include "storage/local/batch.hh"
#include "testing/fake_engine.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace {

constexpr double kMostJournalMicroseconds = 50;

struct Asked {
  std::string work = "/tmp";
  bool graph = false;
  uint64_t thunks = 1'000'000;
};

double seconds_of(clockid_t clock) {
  timespec now{};
  (void)::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::strtol(line.c_str() + 6, nullptr, 10) / 1024;
    }
  }
  return 0;
}

// Prints what the stage between construction and end cost.
class Stage {
 public:
  Stage(const char* name, uint64_t thunks) : name_(name), thunks_(static_cast<double>(thunks)) {}

  // Processor time of one thunk, in microseconds.
  double end() const {
    const double wall = seconds_of(CLOCK_MONOTONIC) - wall_;
    const double cpu = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_) / thunks_ * 1e6;
    fmt::print(stderr, "{:<24} {:>9.0f} thunks/s  {:>7.1f} us of CPU each  peak {} MiB\n", name_,
               thunks_ / wall, cpu, peak_mebibytes());
    return cpu;
  }

 private:
  const char* name_;
  double thunks_;
  double wall_ = seconds_of(CLOCK_MONOTONIC);
  double cpu_ = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
};

// Passes on, and takes the time that it takes. Loop thread.
class Timed final : public sched::Observer {
 public:
  explicit Timed(sched::Observer& observer) : observer_(observer) {}

  void ended(const Attempt& attempt, const sched::AttemptResult& result, base::Nanoseconds took) override {
    const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    observer_.ended(attempt, result, took);
    spent += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
  }

  void finished(const object::Digest& thunk, const std::string& label,
                const sched::Outcome& outcome) override {
    const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    observer_.finished(thunk, label, outcome);
    spent += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
  }

  void trouble(const std::string& message) override { observer_.trouble(message); }

  double spent = 0;

 private:
  sched::Observer& observer_;
};

void write_lines(const std::string& path, const Asked& asked) {
  std::ofstream lines(path);
  for (uint64_t at = 0; at < asked.thunks; ++at) {
    const std::string input =
        asked.graph && at > 0 ? fmt::format(R"("/in":"promise:@{}:out",)", (at - 1) / 2) : std::string();
    lines
        << fmt::format(
               R"({{"id":"{0}","argv":["/true","{0}"],"inputs":{{{1}"/words":"link:x"}},"outputs":["out"]}})",
               at, input)
        << '\n';
  }
}

// Their names, a line each: what `gg thunk create --stream` does.
void create(const std::string& lines, const std::string& names, cli::Storage& storage) {
  const base::UniqueFd input(::open(lines.c_str(), O_RDONLY | O_CLOEXEC));
  const base::UniqueFd output(::open(names.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  (void)std::fflush(stdout);
  ::dup2(output.get(), STDOUT_FILENO);
  storage::Batch batch(storage.store());
  cli::DraftMaker maker({batch, {}, {}, std::nullopt, {}});
  cli::ThunkFlags flags;
  flags.stream = true;
  const auto keep = [&batch] { base::value_or_throw(batch.flush().map([] { return true; })); };
  cli::make_thunks(maker, flags, {}, input.get(), {keep, {}});
  (void)std::fflush(stdout);
}

// Asks for all of them, as `gg force @names` does, and waits for the answers.
void reduce(const std::string& names, cli::Storage& storage, sched::Observer& observer, uint64_t thunks) {
  const object::Digest made = storage.store().put("what every one of them writes\n").value();
  loop::Loop loop(4);
  fake::Engine* told = nullptr;
  fake::Engine engine(loop, "fake", 64, [&](const sched::Job&) -> sched::AttemptResult {
    told->started.clear();  // it would remember a million jobs
    ir::Result result;
    result.outputs.emplace("out", object::File{made, false});
    return result;
  });
  told = &engine;
  sched::Coordinator coordinator(loop, storage.refilling(), storage.records(), storage.clock(), observer,
                                 {{&engine, sched::Reducer::FailureIs::Final}}, sched::Policy{});
  std::atomic<uint64_t> open{thunks};
  std::atomic<uint64_t> failed{0};
  std::ifstream lines(names);
  for (std::string line; std::getline(lines, line);) {
    coordinator.submit(object::Digest::parse(line).value(), {}, [&](const sched::Answer& answer) {
      failed += answer.verdict == sched::Verdict::Succeeded ? 0U : 1U;
      if (--open == 0) {
        loop.stop();
      }
    });
  }
  loop.run();
  if (failed > 0 || open > 0) {
    throw std::runtime_error(fmt::format("{} failed, {} are left", failed.load(), open.load()));
  }
}

enum class Journalled : bool { No, Yes };

// In a process and a store of its own: a peak cannot be taken back, and memos are not to help the next one.
bool run_all(const Asked& asked, Journalled journalled) {
  const base::TemporaryDirectory folder(asked.work, "gg-bench-");
  const std::string lines = folder.path() + "/lines";
  const std::string names = folder.path() + "/names";
  write_lines(lines, asked);
  cli::Settings settings;
  settings.store = folder.path() + "/store";
  const auto storage = cli::open_storage(settings);
  {
    const Stage stage("read and stored", asked.thunks);
    create(lines, names, *storage);
    (void)stage.end();
  }
  cli::Expectations expectations(settings.store + "/durations");
  cli::RunRecord head;
  head.argv = {"stream_bench"};
  cli::Journal journal = cli::Journal::unless_all_are_hits(settings.store, head);
  cli::Witness witness(journalled == Journalled::Yes ? &journal : nullptr, expectations, storage->clock());
  Timed timed(witness);
  const Stage stage(journalled == Journalled::Yes ? "reduced, with journal" : "reduced, without journal",
                    asked.thunks);
  reduce(names, *storage, timed, asked.thunks);
  (void)stage.end();
  const double spent = timed.spent / static_cast<double>(asked.thunks) * 1e6;
  if (journalled == Journalled::No) {
    return true;
  }
  const auto bytes = base::read_file(settings.store + "/runs/" + journal.id() + ".jsonl").size();
  fmt::print(stderr, "the journal's part: {:.1f} us of CPU and {} bytes each\n", spent, bytes / asked.thunks);
  return spent <= kMostJournalMicroseconds;
}

}  // namespace

int main(int argc, char** argv) {
  Asked asked;
  for (int at = 1; at < argc; ++at) {
    const std::string word = argv[at];
    if (word == "--graph") {
      asked.graph = true;
    } else if (word == "--work" && at + 1 < argc) {
      asked.work = argv[++at];
    } else {
      asked.thunks = std::strtoull(argv[at], nullptr, 10);
    }
  }
  bool fine = true;
  for (const Journalled journalled : {Journalled::No, Journalled::Yes}) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool well = false;
      try {
        well = run_all(asked, journalled);
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
      std::_Exit(well ? 0 : 1);
    }
    int status = 1;
    (void)::waitpid(child, &status, 0);
    fine = fine && status == 0;
  }
  return fine ? 0 : 1;
}
