#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/execution.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/subject.hh"
#include "intercept/placing.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <sstream>

namespace cli {

namespace {

struct Wanted {
  std::string path;
  object::Promise promise;
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

// What is wrong, or nothing.
std::string put_one(Storage& storage, const Wanted& wanted, const base::Result<ir::Result>& result) {
  if (!result) {
    return result.error().message;
  }
  if (result->exit_code != 0) {
    if (result->standard_error) {
      if (const auto bytes = storage.store().get(*result->standard_error); bytes && *bytes) {
        base::write_all(STDERR_FILENO, **bytes, "standard error");
      }
    }
    return fmt::format("the command failed with exit status {}; `gg describe {}` shows it", result->exit_code,
                       wanted.promise.thunk.to_string());
  }
  const auto output = result->outputs.find(wanted.promise.output);
  if (output == result->outputs.end()) {
    return "the command did not make it";
  }
  const auto put = intercept::put_in_place(
      storage.store(), wanted.promise, output->second, {wanted.path},
      [](const std::string&, const std::function<base::Result<bool>()>& swap) { return swap(); });
  return put.errors.empty() ? "" : put.errors.front().message;
}

}  // namespace

int force(const Request& request, const Environment&) {
  StopSignals stop_signals;
  const std::vector<Wanted> wanted = wanted_by(request);
  if (wanted.empty()) {
    return kOk;
  }
  const auto storage = open_storage(request.settings);
  Execution execution(
      *storage, request.settings, nullptr,
      request.settings.keep_going ? sched::OnFailure::KeepGoing : sched::OnFailure::FinishRunning);
  const auto watch = stop_signals.watch([&](int) { execution.cancel_all(); });
  Results pending;
  std::set<object::Digest> thunks;
  for (const Wanted& one : wanted) {
    if (thunks.insert(one.promise.thunk).second) {
      pending.expect(execution, one.promise.thunk);
    }
  }
  const auto results = pending.wait();
  int status = kOk;
  for (const Wanted& one : wanted) {
    if (const std::string problem = put_one(*storage, one, results.at(one.promise.thunk)); !problem.empty()) {
      say("cannot force '" + base::printable(one.path) + "': " + problem);
      status = kFailed;
    }
  }
  return status;
}

}  // namespace cli
