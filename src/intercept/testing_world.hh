#pragma once

#include "base/clock.hh"
#include "base/files.hh"
#include "base/guarded.hh"
#include "intercept/forcer.hh"
#include "intercept/observer.hh"
#include "intercept/placeholder.hh"
#include "intercept/session.hh"
#include "model/model.hh"
#include "object/hash.hh"
#include "object/in_memory.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// A tiny world for tests of whole sessions: a tool `x-tool IN OUT` that writes IN in capitals, a model of it,
// and a forcer that does the same, later. The real tool adds a line that tells it from the thunk.
namespace intercept::world {

class MemoryFileStore final : public object::InMemory<object::FileStore> {
 public:
  base::Result<bool> place(const object::Digest& digest, bool executable, const std::string& path,
                           Placing /*placing*/) override {
    const auto bytes = memory.get(digest);
    if (loses && bytes && *bytes == *loses && placings_before_loss-- == 0) {
      loses.reset();
      memory.forget(digest);
      return false;
    }
    if (!bytes || !*bytes) {
      return false;
    }
    base::write_file_atomically(path, **bytes, executable ? 0777 : 0666);
    return true;
  }

  // The object with these bytes turns out to be damaged when it is wanted as a file, the first time or after
  // so many placings that go well.
  std::optional<std::string> loses;
  int placings_before_loss = 0;
};

struct Recipe {
  std::string bytes;                       // what it reads, or
  std::optional<object::Promise> promise;  // what stands for that
  std::string output;
};

inline std::string capitals(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

class Models final : public model::Models {
 public:
  Models(std::string tool, object::Store& store) : tool_(std::move(tool)), store_(store) {}

  [[nodiscard]] std::vector<std::string> tools(const std::string& /*path*/) const override { return {tool_}; }

  [[nodiscard]] model::Inference infer(const model::Invocation& invocation) override {
    if (before_inference) {
      before_inference(invocation.argv.back());
    }
    if (invocation.argv.size() != 3 || invocation.argv[1][0] == '-') {
      return model::Declined{"unknown-option", invocation.argv.size() > 1 ? invocation.argv[1] : ""};
    }
    const std::string input = absolute(invocation, invocation.argv[1]);
    Recipe recipe;
    recipe.output = invocation.argv[2];
    recipe.promise = read_placeholder(input);
    if (!recipe.promise) {
      const auto bytes = base::read_file_if_there(input);
      if (!bytes) {
        return model::Declined{"no-input", input};
      }
      recipe.bytes = *bytes;
    }
    const std::string name =
        "x-tool " + recipe.output + "\n" +
        (recipe.promise ? recipe.promise->thunk.to_string() + recipe.promise->output : "") + recipe.bytes;
    const object::Digest thunk = store_.put(name).value();
    recipes_.with([&](auto& recipes) { recipes[thunk] = recipe; });
    model::Inferred inferred;
    inferred.thunk = thunk;
    inferred.label = "capitals " + recipe.output;
    inferred.outputs = {{absolute(invocation, recipe.output), recipe.output, model::Output::Made::Always,
                         recipe.output.find("prog") != std::string::npos}};
    if (recipe.output == "/dev/null") {
      inferred.outputs.clear();
    }
    if (with_notes) {
      inferred.outputs.push_back({absolute(invocation, recipe.output + kNotes), recipe.output + kNotes,
                                  model::Output::Made::Perhaps, false});
    }
    return inferred;
  }

  [[nodiscard]] base::Result<bool> keep(const model::Inferred& /*inferred*/) override {
    return keeps ? keeps() : true;
  }

  [[nodiscard]] std::optional<model::Inference> infer_again(const model::Invocation& invocation) override {
    if (!before_second_inference) {
      return std::nullopt;
    }
    before_second_inference();
    return infer(invocation);
  }

  [[nodiscard]] Recipe recipe(const object::Digest& thunk) {
    return recipes_.with([&](auto& recipes) { return recipes.at(thunk); });
  }

  std::function<void(const std::string& last_word)> before_inference;  // on a worker; may block
  std::function<void()> before_second_inference;                       // there is none without it
  std::function<base::Result<bool>()> keeps;
  bool with_notes = false;  // every command makes a second file, for which no placeholder stands

  static constexpr const char* kNotes = ".notes";

 private:
  static std::string absolute(const model::Invocation& invocation, const std::string& path) {
    return path[0] == '/' ? path : invocation.working_directory + "/" + path;
  }

  std::string tool_;
  object::Store& store_;
  base::Guarded<std::map<object::Digest, Recipe>> recipes_;
};

// Runs what is hurried at once, and the rest when the build has had some time to meet placeholders.
class LateForcer final : public Forcer {
 public:
  LateForcer(Models& models, object::Store& store, std::chrono::milliseconds delay)
      : models_(models), store_(store), delay_(delay), thread_([this] { run(); }) {}

  ~LateForcer() override {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  LateForcer(const LateForcer&) = delete;
  LateForcer& operator=(const LateForcer&) = delete;

  [[nodiscard]] std::optional<ir::Result> known(const object::Digest& thunk) override {
    const std::scoped_lock lock(mutex_);
    const auto it = memo_.find(thunk);
    return it == memo_.end() ? std::nullopt : std::optional<ir::Result>(it->second);
  }

  void submit(const object::Digest& thunk, const std::string& /*label*/, Done done) override {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({thunk, std::move(done), std::chrono::steady_clock::now() + delay_});
    ++submitted;
    changed_.notify_all();
  }

  void remake(const object::Digest& thunk, Done done) override {
    ++remade;
    submit(thunk, "", std::move(done));
  }

  void hurry(const object::Digest& thunk) override {
    const std::scoped_lock lock(mutex_);
    for (Item& item : queue_) {
      if (item.thunk == thunk) {
        item.due = {};
      }
    }
    changed_.notify_all();
  }

  void drain(const std::string& reason) override {
    const std::scoped_lock lock(mutex_);
    cancelled_ = true;
    reason_ = reason;
    changed_.notify_all();
  }

  void cancel_all() override {
    const std::scoped_lock lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  int submitted = 0;
  int remade = 0;

 private:
  struct Item {
    object::Digest thunk;
    Done done;
    std::chrono::steady_clock::time_point due;
  };

  base::Result<ir::Result> reduce(const object::Digest& thunk) {
    const Recipe recipe = models_.recipe(thunk);
    std::string input = recipe.bytes;
    if (recipe.promise) {
      const auto inner = reduce(recipe.promise->thunk);
      if (!inner || inner->exit_code != 0) {
        return base::failure("what it needs failed");
      }
      const auto& file = std::get<object::File>(inner->outputs.at(recipe.promise->output));
      input = **store_.get(file.digest);
    }
    ir::Result result;
    if (input.find("unspeakable") != std::string::npos) {
      result.exit_code = 3;
      result.standard_error = store_.put("x-tool: an unspeakable word\n").value();
      return result;
    }
    if (input.find("talkative") != std::string::npos) {
      result.standard_output = store_.put("a talkative word\n").value();
    }
    if (input.find("dubious") != std::string::npos) {
      result.standard_error = store_.put("x-tool: warning: a dubious word\n").value();
    }
    // What is to be executed keeps its bytes.
    const bool program = recipe.output.find("prog") != std::string::npos;
    result.outputs[recipe.output] =
        object::File{store_.put(program ? input : capitals(input)).value(), program};
    if (models_.with_notes) {
      result.outputs[recipe.output + Models::kNotes] = object::File{store_.put("notes\n").value(), false};
    }
    return result;
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto next = std::min_element(queue_.begin(), queue_.end(),
                                         [](const Item& a, const Item& b) { return a.due < b.due; });
      if (next == queue_.end()) {
        if (ending_) {
          return;
        }
        changed_.wait(lock);
        continue;
      }
      if (!cancelled_ && next->due > std::chrono::steady_clock::now()) {
        changed_.wait_until(lock, next->due);
        continue;
      }
      const Item item = std::move(*next);
      queue_.erase(next);
      const bool cancelled = cancelled_;
      lock.unlock();
      if (cancelled) {
        item.done(base::failure(reason_));
      } else {
        const base::Result<ir::Result> result = reduce(item.thunk);
        if (result && result->exit_code == 0) {
          const std::scoped_lock inner(mutex_);
          memo_[item.thunk] = *result;
        }
        item.done(result);
      }
      lock.lock();
    }
  }

  Models& models_;
  object::Store& store_;
  std::chrono::milliseconds delay_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::map<object::Digest, ir::Result> memo_;
  bool ending_ = false;
  bool cancelled_ = false;
  std::string reason_ = "cancelled";
  std::thread thread_;
};

class Remembers final : public Observer {
 public:
  void command(const CommandReport& report) override { commands.push_back(report); }

  void late_output(std::string_view out, std::string_view err) override {
    late += std::string(out) + std::string(err);
    late_errors += std::string(err);
  }

  void failed(const FailedCommand& command) override { failures.push_back(command); }

  void note(const std::string& text) override { notes += text + "\n"; }

  [[nodiscard]] size_t count(Outcome outcome) const {
    size_t n = 0;
    for (const CommandReport& report : commands) {
      n += report.outcome == outcome ? 1 : 0;
    }
    return n;
  }

  [[nodiscard]] std::string story() const {
    static const char* const kNames[] = {"hit", "promised", "waited", "native"};
    std::string text = notes;
    for (const CommandReport& report : commands) {
      text += std::string(kNames[static_cast<size_t>(report.outcome)]) + " " + report.label + " " +
              report.reason + " [" + report.detail + "]\n";
    }
    return text;
  }

  std::vector<CommandReport> commands;
  std::string late;
  std::string late_errors;  // of it, what goes to standard error
  std::vector<FailedCommand> failures;
  std::string notes;
};

struct World {
  explicit World(std::chrono::milliseconds delay = std::chrono::milliseconds(150),
                 const std::string& parent = "/tmp")
      : folder(parent, "gw-"), models(folder.path() + "/bin/x-tool", store), forcer(models, store, delay) {
    base::make_directories(folder.path() + "/bin");
    base::make_directories(folder.path() + "/tree");
    base::write_file_atomically(folder.path() + "/bin/x-tool",
                                "#!/bin/sh\n"
                                "if grep -q unspeakable \"$1\"; then echo native failure >&2; exit 4; fi\n"
                                "{ tr a-z A-Z < \"$1\"; echo natively; } > \"$2\"\n",
                                0755);
    options.state_dir = folder.path() + "/state";
    options.path_dir = folder.path() + "/path";
  }

  [[nodiscard]] std::string at(const std::string& name) const { return folder.path() + "/tree/" + name; }

  void write(const std::string& name, const std::string& bytes) const {
    base::write_file_atomically(at(name), bytes);
  }

  [[nodiscard]] std::string read(const std::string& name) const {
    return base::read_file_if_there(at(name)).value_or("(no such file)");
  }

  Finished run(const std::vector<std::string>& argv) {
    Session session(options, models, forcer, store, clock, seen);
    current = &session;
    const Finished finished = session.run(argv, {"PATH=" + folder.path() + "/bin:/usr/bin:/bin", "EMPTY="},
                                          folder.path() + "/tree");
    current = nullptr;
    return finished;
  }

  Finished shell(const std::string& line) { return run({"sh", "-c", line}); }

  // A Makefile whose first target runs these recipe lines.
  Finished make(const std::string& recipe, const std::vector<std::string>& more = {}) {
    std::string text = "all:\n";
    for (size_t at_line = 0; at_line < recipe.size();) {
      const size_t end = std::min(recipe.find('\n', at_line), recipe.size());
      text += "\t" + recipe.substr(at_line, end - at_line) + "\n";
      at_line = end + 1;
    }
    write("Makefile", text);
    std::vector<std::string> argv{"make", "-s"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(argv);
  }

  base::TemporaryDirectory folder;
  MemoryFileStore store;
  Models models;
  LateForcer forcer;
  base::SystemClock clock;
  Remembers seen;
  Options options;
  Session* current = nullptr;
};

}  // namespace intercept::world
