#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/entry_word.hh"
#include "cli/execution.hh"
#include "cli/placing_record.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/subject.hh"
#include "intercept/placing.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <sstream>

namespace cli {

namespace {

struct Wanted {
  std::string path;         // of a placeholder; "": the promise was named itself
  object::Promise promise;  // output "": all that the thunk does
};

// Every placeholder below the directory.
void find_all(const std::string& directory, std::vector<Wanted>& wanted) {
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (entry.is_regular_file(error) && !entry.is_symlink(error)) {
      if (auto promise = placeholder_at(entry.path().string())) {
        wanted.push_back({entry.path().string(), *std::move(promise)});
      }
    }
  }
  if (error) {
    throw base::OperatorError("cannot look through '" + base::printable(directory) + "': " + error.message());
  }
}

// The words, with @FILE replaced by the lines of that file.
std::vector<std::string> named_files(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  for (const std::string& word : words) {
    if (!word.starts_with('@')) {
      files.push_back(word);
      continue;
    }
    std::istringstream lines(base::read_file(word.substr(1)));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) {
        files.push_back(line);
      }
    }
  }
  return files;
}

// What the word of a promise or a thunk's name says; nullopt for a file's name.
std::optional<object::Promise> promise_of_word(const std::string& word) {
  if (const auto thunk = object::Digest::parse(word)) {
    return object::Promise{*thunk, ""};
  }
  if (!word.starts_with("promise:")) {
    return std::nullopt;
  }
  return std::get<object::Promise>(entry_of_word(word).value());
}

std::vector<Wanted> wanted_by(const Request& request) {
  std::vector<Wanted> wanted;
  if (request.all) {
    const std::vector<std::string> directories =
        request.words.empty() ? std::vector<std::string>{"."} : request.words;
    for (const std::string& directory : directories) {
      find_all(absolute_path(directory), wanted);
    }
    return wanted;
  }
  if (request.words.empty()) {
    throw UsageError("gg force wants a FILE, @LIST, or --all; see `gg force --help`");
  }
  for (const std::string& word : named_files(request.words)) {
    if (auto promise = promise_of_word(word)) {
      wanted.push_back({"", *std::move(promise)});
      continue;
    }
    const std::string path = absolute_path(word);
    auto promise = placeholder_at(path);
    if (!promise && ::access(path.c_str(), F_OK) != 0) {
      throw base::SyscallError("look at", path);
    }
    if (promise) {  // else it's real already
      wanted.push_back({path, *std::move(promise)});
    }
  }
  return wanted;
}

enum class Placeholders { BecomeReal, Stay };

// Waits for all thunks; results by name.
class Results {
 public:
  void expect(Execution& execution, const object::Digest& thunk) {
    {
      const std::scoped_lock lock(mutex_);
      ++open_;
    }
    execution.submit(thunk, "", [this, thunk](const base::Result<ir::Result>& result) {
      const std::scoped_lock lock(mutex_);
      results_.emplace(thunk, result);
      --open_;
      changed_.notify_all();
    });
  }

  std::map<object::Digest, base::Result<ir::Result>> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ == 0; });
    return std::move(results_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t open_ = 0;
  std::map<object::Digest, base::Result<ir::Result>> results_;
};

void replay(Storage& storage, const std::optional<object::Digest>& stream, int fd, const char* name) {
  if (!stream) {
    return;
  }
  const auto bytes = storage.whole().get(*stream);
  if (bytes && *bytes) {
    base::write_all(fd, **bytes, name);
  }
}

// The output's word on standard output, or the output at `place`.
std::string give(Storage& storage, PlacingRecord& record, const object::Entry& entry,
                 const std::string& place) {
  if (place.empty()) {
    fmt::print("{}\n", word_of(entry));
    return "";
  }
  record.will_place(absolute_path(place));
  const auto placed =
      intercept::place_now(storage.whole(), entry, absolute_path(place), base::file_mode_mask());
  return placed ? "" : placed.error().message;
}

// What is wrong, or nothing.
std::string put_one(Storage& storage, PlacingRecord& record, const Wanted& wanted,
                    const base::Result<ir::Result>& result, const std::string& place,
                    Placeholders placeholders) {
  if (!result) {
    return result.error().message;
  }
  const object::Promise& promise = wanted.promise;
  if (result->exit_code != 0) {
    replay(storage, result->standard_error, STDERR_FILENO, "standard error");
    return fmt::format("the command failed with exit status {}; `gg describe {}` shows it", result->exit_code,
                       promise.thunk.to_string());
  }
  if (promise.output.empty()) {
    replay(storage, result->standard_output, STDOUT_FILENO, "standard output");
    replay(storage, result->standard_error, STDERR_FILENO, "standard error");
    return "";
  }
  const auto output = result->outputs.find(promise.output);
  if (output == result->outputs.end()) {
    return "the command did not make it";
  }
  if (wanted.path.empty()) {
    return give(storage, record, output->second, place);
  }
  if (placeholders == Placeholders::Stay) {
    return "";
  }
  record.will_place(wanted.path);
  const auto put = intercept::put_in_place(
      storage.whole(), promise, output->second, {wanted.path},
      [](const std::string&, const std::function<base::Result<bool>()>& swap) { return swap(); });
  return put.errors.empty() ? "" : put.errors.front().message;
}

// All that is to be put in place, in few round trips where it is far away.
void expect_placing(Storage& storage, const std::vector<Wanted>& wanted,
                    const std::map<object::Digest, base::Result<ir::Result>>& results) {
  std::vector<object::Digest> files;
  for (const Wanted& one : wanted) {
    const auto& result = results.at(one.promise.thunk);
    if (const object::File* file = result ? result->file_at(one.promise.output) : nullptr) {
      files.push_back(file->digest);
    }
  }
  storage.whole().expect_placing(files);
}

std::string name_of(const Wanted& wanted) {
  return base::printable(!wanted.path.empty()            ? wanted.path
                         : wanted.promise.output.empty() ? wanted.promise.thunk.to_string()
                                                         : word_of(wanted.promise));
}

// There is nothing to force. Whoever forced it all may have been killed just after that.
void clear_up(const Settings& settings) {
  if (::access(settings.store.c_str(), W_OK) != 0) {
    return;  // no store, or one where nothing can be removed: neither is needed here
  }
  clear_up_after_executions(settings);
  PlacingRecord(settings.store).clear_up();
}

std::vector<std::string> line_of(const Request& request) {
  std::vector<std::string> line{"gg", "force"};
  line.insert(line.end(), request.words.begin(), request.words.end());
  return line;
}

}  // namespace

int force(const Request& request, const Environment& environment) {
  StopSignals stop_signals;
  const std::vector<Wanted> wanted = wanted_by(request);
  if (wanted.empty()) {
    clear_up(request.settings);
    return kOk;
  }
  if (!request.output.empty() &&
      (wanted.size() != 1 || !wanted[0].path.empty() || wanted[0].promise.output.empty())) {
    throw UsageError("gg force -o wants one promise, promise:HASH/SIZE:OUTPUT");
  }
  const auto storage = open_storage_and_server(request.settings, environment);
  Journal journal =
      Journal::unless_all_are_hits(request.settings.store, head_of_run(line_of(request), storage->clock()));
  Execution execution(
      *storage, request.settings, &journal,
      request.settings.keep_going ? sched::OnFailure::KeepGoing : sched::OnFailure::FinishRunning);
  std::atomic<int> stopped_by{0};
  const auto watch = stop_signals.watch([&](int signal) {
    stopped_by = signal;
    if (signal == StopSignals::kDrain) {
      execution.drain(StopSignals::kDrained);
    } else {
      execution.cancel_all();
    }
  });
  Results pending;
  std::set<object::Digest> thunks;
  for (const Wanted& one : wanted) {
    if (thunks.insert(one.promise.thunk).second) {
      pending.expect(execution, one.promise.thunk);
    }
  }
  const auto results = pending.wait();
  const auto placeholders = storage->executes_elsewhere() && request.settings.download == "none"
                                ? Placeholders::Stay
                                : Placeholders::BecomeReal;
  if (placeholders == Placeholders::BecomeReal) {
    expect_placing(*storage, wanted, results);
  }
  PlacingRecord record(request.settings.store);
  size_t left = 0;
  for (const Wanted& one : wanted) {
    if (stopped_by != 0 && !results.at(one.promise.thunk)) {
      ++left;  // said once, below
      continue;
    }
    const std::string problem =
        put_one(*storage, record, one, results.at(one.promise.thunk), request.output, placeholders);
    if (!problem.empty()) {
      say("cannot force '" + name_of(one) + "': " + problem);
      ++left;
    }
  }
  if (left > 0 && stopped_by != 0) {
    say(fmt::format("{}: {} of {} are left; the same command goes on from here",
                    stopped_by == StopSignals::kDrain ? StopSignals::kDrained : "stopped", left,
                    wanted.size()));
  }
  const int status = left == 0 ? kOk : stopped_by != 0 ? 128 + stopped_by : kFailed;
  if (!journal.id().empty()) {
    EndRecord end;
    end.exit_code = status;
    end.ended_ns = storage->clock().wall().count();
    journal.end(end);
  }
  return status;
}

}  // namespace cli
