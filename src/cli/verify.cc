#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/journal.hh"
#include "cli/progress_thread.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/subject.hh"
#include "cli/verifier.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

namespace cli {

namespace {

using State = Verification::State;

struct Candidate {
  object::Digest thunk;
  std::string label;
  int64_t asked_ns = 0;
  Verification verification;
};

// The thunks that became something in the run, each once. A run without commands is one of `gg force`.
std::vector<Candidate> thunks_of(const RunRecord& run) {
  std::vector<Candidate> candidates;
  std::set<object::Digest> seen;
  for (const CommandRecord& command : run.commands) {
    const auto thunk = object::Digest::parse(command.thunk);
    if (thunk && seen.insert(*thunk).second) {
      candidates.push_back({*thunk, command.label, command.started_ns, {}});
    }
  }
  if (!run.commands.empty()) {
    return candidates;
  }
  for (const FinishRecord& finish : run.finished) {
    const auto thunk = object::Digest::parse(finish.thunk);
    if (thunk && finish.outcome != "failed" && seen.insert(*thunk).second) {
      candidates.push_back({*thunk, finish.thunk, run.started_ns, {}});
    }
  }
  return candidates;
}

// A share of them, at least one, drawn anew each time: who verifies now and then has seen all in the end.
void draw(std::vector<Candidate>& candidates, const Request& request) {
  const auto all = static_cast<double>(candidates.size());
  const size_t wanted = request.count != 0
                            ? std::min<size_t>(request.count, candidates.size())
                            : static_cast<size_t>(std::ceil(all * request.share_percent / 100.0));
  std::vector<Candidate> drawn;
  std::mt19937_64 random{std::random_device{}()};
  std::sample(candidates.begin(), candidates.end(), std::back_inserter(drawn), wanted, random);
  candidates = std::move(drawn);
}

Candidate named(const Settings& settings, const std::string& word) {
  if (const auto digest = object::Digest::parse(word)) {
    return {*digest, word, 0, {}};
  }
  Candidate candidate{thunk_for(settings, word), base::printable(word), 0, {}};
  if (const auto origin = origin_of(settings.store, journal_name(word))) {
    candidate.label = origin->command.label;
    candidate.asked_ns = origin->command.started_ns;
  }
  return candidate;
}

std::vector<Candidate> candidates_for(const Request& request) {
  std::vector<Candidate> candidates;
  for (const std::string& word : request.words) {
    candidates.push_back(named(request.settings, word));
  }
  if (request.words.empty()) {
    candidates =
        thunks_of(read_journal(request.settings.store, chosen_run(request.settings.store, request.run_id)));
    draw(candidates, request);
  }
  return candidates;
}

// Verifies all of them on threads of its own, until they are through or `stop` is raised.
class Verifying {
 public:
  Verifying(Verifier& verifier, std::vector<Candidate>& candidates, const sandbox::StopSignal& stop)
      : verifier_(verifier), candidates_(candidates), stop_(stop) {}

  void run(unsigned threads) {
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < std::min<size_t>(threads, candidates_.size()); ++i) {
      workers.emplace_back([this] { work(); });
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
  }

  [[nodiscard]] Progress progress() const {
    Progress progress;
    progress.known = candidates_.size();
    progress.finished = finished_;
    progress.running = std::min<uint64_t>(next_, progress.known) - progress.finished;
    return progress;
  }

 private:
  void work() {
    for (size_t i = next_++; i < candidates_.size() && !stop_.raised(); i = next_++) {
      Candidate& candidate = candidates_[i];
      candidate.verification = verifier_.verify(candidate.thunk, candidate.asked_ns, stop_);
      ++finished_;
    }
  }

  Verifier& verifier_;
  std::vector<Candidate>& candidates_;  // each thread writes to those that it took
  const sandbox::StopSignal& stop_;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> finished_{0};
};

// A failed command leaves no result, and configure has many that fail.
bool is_good(const Candidate& candidate) {
  return candidate.verification.state != State::Differs && candidate.verification.state != State::NotRun &&
         candidate.verification.state != State::NotCompared && candidate.verification.defects.empty();
}

size_t count(const std::vector<Candidate>& candidates, State state) {
  return static_cast<size_t>(std::count_if(candidates.begin(), candidates.end(), [&](const Candidate& it) {
    return it.verification.state == state;
  }));
}

// Whose results are put to the test.
enum class Whose : bool { Ours, Servers };

std::string text(const Candidate& candidate, Whose whose) {
  const Verification& verification = candidate.verification;
  std::string lines;
  if (verification.state == State::NotRun) {
    lines +=
        fmt::format("not executed       {}: {}\n", candidate.label, base::printable(verification.problem));
  }
  if (verification.state == State::NotCompared) {
    lines +=
        fmt::format("not compared       {}: {}\n", candidate.label, base::printable(verification.problem));
  }
  for (const ResultDifference& difference : verification.differences) {
    lines +=
        fmt::format("{}  {}: {}: {}\n", whose == Whose::Ours ? "not deterministic" : "the server differs",
                    candidate.label, base::printable(difference.subject), difference.detail);
  }
  for (const std::string& path : verification.defects) {
    lines += fmt::format("not in its tree    {}: {}\n", candidate.label, base::printable(path));
  }
  return lines.empty() ? lines : lines + fmt::format("    thunk {}\n", candidate.thunk.to_string());
}

std::string text(const std::vector<Candidate>& candidates, Watch watch, Whose whose) {
  std::string lines;
  size_t asking = 0;
  size_t made_since = 0;
  for (const Candidate& candidate : candidates) {
    lines += text(candidate, whose);
    asking += candidate.verification.defects.empty() ? 0U : 1U;
    made_since += candidate.verification.made_since.size();
  }
  const size_t without_result = count(candidates, State::NoResult);
  const size_t not_run = count(candidates, State::NotRun);
  const size_t not_compared = count(candidates, State::NotCompared);
  lines += fmt::format(
      "{} thunks executed again: {} the same, {} {}{}; {} could not be executed{}\n",
      candidates.size() - not_run - without_result, count(candidates, State::Same),
      count(candidates, State::Differs),
      whose == Whose::Ours ? "not deterministic" : "not what the server says",
      not_compared == 0 ? "" : fmt::format(", {} could not be compared", not_compared), not_run,
      without_result == 0
          ? ""
          : fmt::format(", {} have no result{}", without_result, whose == Whose::Ours ? "" : " there"));
  if (watch == Watch::Yes) {
    lines += fmt::format("{} asked for a path that is not in its tree but on this machine", asking);
    lines += made_since == 0
                 ? "\n"
                 : fmt::format(" ({} paths made after the command ran not counted)\n", made_since);
  }
  return lines;
}

nlohmann::json as_json(const Candidate& candidate) {
  static constexpr std::array kWords{"same",      "differs", "only-watched",
                                     "no-result", "not-run", "not-compared"};
  const Verification& verification = candidate.verification;
  const auto printable = [](const std::vector<std::string>& paths) {
    nlohmann::json array = nlohmann::json::array();
    for (const std::string& path : paths) {
      array.push_back(base::printable(path));
    }
    return array;
  };
  nlohmann::json differences = nlohmann::json::array();
  for (const ResultDifference& difference : verification.differences) {
    differences.push_back({{"subject", base::printable(difference.subject)}, {"detail", difference.detail}});
  }
  return {{"thunk", candidate.thunk.to_string()},
          {"label", candidate.label},
          {"state", kWords.at(static_cast<size_t>(verification.state))},
          {"problem", base::printable(verification.problem)},
          {"differences", differences},
          {"not_in_tree", printable(verification.defects)},
          {"made_since", printable(verification.made_since)}};
}

std::string as_json(const std::vector<Candidate>& candidates) {
  nlohmann::json array = nlohmann::json::array();
  for (const Candidate& candidate : candidates) {
    array.push_back(as_json(candidate));
  }
  return nlohmann::json{{"thunks", array}}.dump(2) + "\n";
}

std::unique_ptr<exec::Executor> open_executor(Storage& storage, const Settings& settings) {
  return base::value_or_throw(exec::Executor::open(storage.whole(), settings.store + "/layouts"));
}

}  // namespace

int verify(const Request& request, const Environment& environment) {
  StopSignals stop_signals;  // before any thread: they inherit the blocked signals
  const Settings& settings = request.settings;
  const Watch watch = request.trace ? Watch::Yes : Watch::No;
  std::vector<Candidate> candidates = candidates_for(request);
  const auto storage =
      request.remote ? open_storage_and_server(settings, environment) : open_storage(settings);
  const auto theirs = request.remote ? results_of_others(*storage, settings, environment) : nullptr;
  const auto executor = open_executor(*storage, settings);
  Verifier verifier(storage->whole(), storage->records(), theirs.get(), *executor, watch);
  const sandbox::StopSignal stop;
  std::atomic<int> stopped_by{0};
  {
    Verifying verifying(verifier, candidates, stop);
    const auto stopping = stop_signals.watch([&](int signal) {
      stopped_by = signal;
      stop.raise();
    });
    const ProgressThread progress([&verifying] { return verifying.progress(); }, storage->clock(),
                                  display_kind(settings, environment));
    verifying.run(settings.jobs == 0 ? cores() : settings.jobs);
  }
  if (stopped_by != 0) {
    return 128 + stopped_by;
  }
  fmt::print("{}", settings.json ? as_json(candidates)
                                 : text(candidates, watch, request.remote ? Whose::Servers : Whose::Ours));
  const bool nothing_done = count(candidates, State::NoResult) == candidates.size();
  return !nothing_done && std::all_of(candidates.begin(), candidates.end(), is_good) ? kOk : kFailed;
}

}  // namespace cli
