#include "intercept/session.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/probe_record.hh"
#include "base/program_path.hh"
#include "intercept/commands.hh"
#include "intercept/journal.hh"
#include "intercept/ledger.hh"
#include "intercept/registry.hh"
#include "intercept/server.hh"
#include "intercept/shim_image.hh"
#include "intercept/supervisor.hh"
#include "ir/reduce.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace intercept {

namespace {

constexpr std::string_view kEverything = "namespaces and supervision";  // of the probe's record
constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string variable(const std::vector<std::string>& environment, std::string_view name,
                     std::string_view otherwise) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry.compare(0, name.size(), name) == 0 && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return std::string(otherwise);
}

// Where a session has what goes with it, dozens of shims above all: in memory if the machine has a place for
// that from which programs may be executed. ext4 looks at each inode that was lately freed before it gives a
// new one, and so spends a third of a short session on those of the sessions before.
std::string place_of_session(const std::string& otherwise) {
  constexpr const char* kShared = "/dev/shm";
  constexpr uint64_t kEnough = 32 << 20;  // containers are given little, and it is not all for gg

  struct statfs status {};

  const bool serves = ::statfs(kShared, &status) == 0 && status.f_type == TMPFS_MAGIC &&
                      status.f_bavail * static_cast<uint64_t>(status.f_bsize) > kEnough &&
                      (static_cast<unsigned long>(status.f_flags) & ST_NOEXEC) == 0 &&
                      ::access(kShared, W_OK | X_OK) == 0;
  return serves ? kShared : otherwise;
}

// Each tool's shim looks like the tool as far as stat can tell: mode, mtime, and size where it is not
// smaller.
void write_shim(const std::string& path, const std::string& image, const std::string& tool) {
  struct stat real {};

  if (::stat(tool.c_str(), &real) != 0) {
    throw base::SyscallError("look at", tool);
  }
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
  if (!file) {
    throw base::SyscallError("create", path);
  }
  base::write_all(file.get(), image, path);
  const timespec times[2] = {real.st_atim, real.st_mtim};
  if ((static_cast<size_t>(real.st_size) > image.size() && ::ftruncate(file.get(), real.st_size) != 0) ||
      ::fchmod(file.get(), real.st_mode & 0777U) != 0 || ::futimens(file.get(), times) != 0) {
    throw base::SyscallError("prepare", path);
  }
}

// cmake and configure write down where they found a compiler, so the directory has to stand after the session
// and to mean the same tools to the next.
std::string path_directory(const std::string& path_dir, const std::string& path,
                           const std::vector<std::string>& names) {
  std::string key = path;
  for (const std::string& name : names) {  // they depend on the tools that the user has described, too
    key += '\0' + name;
  }
  return path_dir + "/" + object::hash(key).hex().substr(0, 16);
}

// Exactly these names. They find the session through kLauncherVariable, and without one the real tool. Other
// sessions may be at it, too.
void fill_path_directory(const std::string& directory, const std::vector<std::string>& names) {
  base::make_directories(directory);
  const std::string shim = directory + ".shim";
  base::write_file_atomically(shim, patched_shim({"", "", directory}), 0755);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      ::unlink(entry.path().c_str());
    }
  }
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (::symlink(shim.c_str(), path.c_str()) != 0 && errno != EEXIST) {
      throw base::SyscallError("create symlink", path);
    }
  }
}

// Passes everything on, one thing at a time.
class OneAtATime final : public Observer {
 public:
  explicit OneAtATime(Observer& observer) : observer_(observer) {}

  void command(const CommandReport& report) override {
    const std::scoped_lock lock(mutex_);
    observer_.command(report);
  }

  void late_output(std::string_view standard_output, std::string_view standard_error) override {
    const std::scoped_lock lock(mutex_);
    observer_.late_output(standard_output, standard_error);
  }

  void failed(const FailedCommand& command) override {
    const std::scoped_lock lock(mutex_);
    observer_.failed(command);
  }

  void note(const std::string& text) override {
    const std::scoped_lock lock(mutex_);
    observer_.note(text);
  }

 private:
  Observer& observer_;
  std::mutex mutex_;
};

}  // namespace

struct Session::Impl {
  Impl(Options given, model::Models& models_, Forcer& forcer_, object::FileStore& store_, base::Clock& clock_,
       Observer& observer_)
      : options(std::move(given)),
        models(models_),
        forcer(forcer_),
        store(store_),
        clock(clock_),
        observer(observer_),
        registry(options.state_dir, store,
                 leaves() == Leave::Nothing ? Outstanding::Stay::No : Outstanding::Stay::Yes),
        folder(place_of_session(options.runtime_dir), "gg-", own_directory()),
        probe(options.state_dir + "/probed") {}

  // Whatever still runs on a worker uses all the rest, so it goes first.
  ~Impl() {
    if (ledger && !ledger->idle()) {  // run() threw, perhaps with the build under way
      stop_build(SIGKILL);
      if (server) {
        server->close();
      }
      if (supervisor) {
        supervisor->stop();
      }
      ledger->stop();
      ledger->wait_until_idle();
    }
    if (server) {
      server->close();
    }
    workers.reset();
    if (commands) {
      commands->let_all_run();  // its thread answers through the server
    }
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Leave leaves() const { return options.lazy ? Leave::Unread : options.leave; }

  base::TemporaryDirectory::Announce own_directory() {
    return [this](const std::string& path) { registry.own_directory(path); };
  }

  [[nodiscard]] std::string socket() const { return folder.path() + "/s"; }

  [[nodiscard]] std::string pristine_root() const { return folder.path() + "/root"; }

  [[nodiscard]] std::string launcher() const { return folder.path() + "/launch"; }

  Standing choose_standing() {
    if (options.only_path_directory) {
      return Standing::PathDirectory;
    }
    if (probe.holds(kEverything)) {
      return Standing::Namespaces;
    }
    const Abilities abilities = probe_abilities(folder.path());
    if (abilities.namespaces && abilities.supervision) {
      probe.remember(kEverything);
      return Standing::Namespaces;
    }
    observer.note("this machine refuses " +
                  (abilities.namespaces ? "seccomp user notification (" + abilities.supervision_refused + ")"
                                        : "mount namespaces (" + abilities.namespaces_refused + ")") +
                  "; tools are found by a directory before PATH instead, tools named by an absolute path run "
                  "natively, and each command waits for its result");
    return Standing::PathDirectory;
  }

  void bind_shims(Launch& launch, const std::string& path) {
    base::make_directories(pristine_root());
    const std::string image = patched_shim({socket(), pristine_root(), ""});
    const std::vector<std::string> tools = models.tools(path);
    for (size_t i = 0; i < tools.size(); ++i) {
      const std::string shim = folder.path() + "/shim" + std::to_string(i);
      write_shim(shim, image, tools[i]);
      launch.binds.push_back({shim, tools[i]});
      supervision.tools[shim] = tools[i];
    }
    offer_launcher(launch, {socket(), pristine_root(), ""}, kLauncherPastMountsVariable);
    launch.namespaces = true;
    launch.pristine_root = pristine_root();
    launch.supervise = true;
    supervision.pristine_root = pristine_root();
    supervision.lazy = leaves() != Leave::Nothing;
  }

  void put_shims_before_path(Launch& launch, const std::string& path) {
    const std::vector<std::string> names = names_of(models.tools(path), path);
    const std::string directory = path_directory(options.path_dir, path, names);
    if (directory.find(':') != std::string::npos) {
      throw base::OperatorError(
          "the store would have to be on PATH here, and '" + options.path_dir +
          "' has a colon in it: choose another one (--store, or store in the config file)");
    }
    fill_path_directory(directory, names);
    offer_launcher(launch, {socket(), "", directory}, kLauncherVariable);
    commands->use_path(directory, path);
    for (std::string& entry : launch.environment) {
      if (entry.compare(0, 5, "PATH=") == 0) {
        entry = "PATH=" + directory + ":" + path;
      }
    }
  }

  // A session around this one has its own, which is not to be asked.
  void offer_launcher(Launch& launch, ShimSettings shim_settings, const char* variable) {
    shim_settings.launches = true;
    base::write_file_atomically(launcher(), patched_shim(shim_settings), 0755);
    for (const std::string name : {kLauncherVariable, kLauncherPastMountsVariable}) {
      std::erase_if(launch.environment,
                    [&](const std::string& entry) { return entry.starts_with(name + "="); });
    }
    launch.environment.push_back(std::string(variable) + "=" + launcher());
  }

  // Every name on PATH by which one of the tools is found.
  static std::vector<std::string> names_of(const std::vector<std::string>& tools, const std::string& path);

  void clean_up_after_others() {
    for (const std::string& removed : registry.clean_up_after_others()) {
      observer.note("removed '" + removed + "', which an earlier run that was killed left unfinished");
    }
  }

  void on_lost_bet(const Bet& bet) {
    if (!options.keep_going && !bet.keeps_going && !stopped_by_loss.exchange(true)) {
      stop_build(SIGTERM);
    }
  }

  void stop_build(int signal) {
    if (commands) {
      commands->stop();
    }
    const std::scoped_lock lock(build_mutex);
    if (build) {
      build->signal(stops == 0 ? signal : SIGKILL);
    }
    ++stops;
  }

  void finish(Finished& finished) {
    const bool abandoned = stops > 0;
    if (abandoned && (!drained || stopped_from_outside)) {
      ledger->stop();
    }
    ledger->wait_until_idle();
    finished.left = drained ? ledger->unfinished() : 0;
    const bool ends_well = stops == 0;  // a bet may have been lost while its thunk was waited for
    if (leaves() == Leave::Nothing && !abandoned) {
      settle(finished, {});
    } else if (leaves() == Leave::Intermediates && ends_well) {
      settle(finished, read_by_thunks());
    }
    if (leaves() == Leave::Nothing || !ends_well) {
      registry.remove_all();
    }
    registry.close();
    if (const std::string trouble = registry.trouble(); !trouble.empty()) {
      observer.note(trouble + "; had gg been killed, placeholders would have been left");
    }
  }

  // A thunk that the store has lost since has read nothing, as far as is known.
  std::set<object::Promise> read_by_thunks() {
    const auto read = [this](const object::Digest& digest) -> base::Result<object::Directory> {
      const auto bytes = store.get(digest);
      return bytes && *bytes ? object::decode_directory(**bytes) : base::failure("it is lost");
    };
    std::set<object::Promise> all;
    for (const object::Digest& digest : commands->thunks()) {
      const auto bytes = store.get(digest);
      const auto thunk = bytes && *bytes ? ir::decode_thunk(**bytes) : base::failure("it is lost");
      if (const auto promises = thunk ? ir::promises_in(thunk->input_root, read) : base::failure("none")) {
        all.insert(promises->begin(), promises->end());
      }
    }
    return all;
  }

  // Until nothing in the tree is a placeholder, but for these: putting one in place may show copies of
  // others.
  void settle(Finished& finished, std::set<object::Promise> asked) {
    for (;;) {
      (void)registry.look_at_suspects();
      std::set<object::Promise> owed = registry.promises();
      for (const object::Promise& done : asked) {
        owed.erase(done);
      }
      if (owed.empty()) {
        return;
      }
      ledger->expect_forcing(owed);
      for (const object::Promise& promise : owed) {
        asked.insert(promise);
        ledger->force(promise, [this, &finished, promise](const base::Result<void>& forced) {
          if (!forced) {
            const std::scoped_lock lock(build_mutex);
            finished.left_over.push_back(forced.error().message);
          }
        });
      }
      ledger->wait_until_idle();
    }
  }

  Options options;
  model::Models& models;
  Forcer& forcer;
  object::FileStore& store;
  base::Clock& clock;
  OneAtATime observer;
  Registry registry;  // goes when the session's directory has gone
  base::TemporaryDirectory folder;
  base::ProbeRecord probe;
  std::unique_ptr<base::Crew> workers;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Commands> commands;
  Supervisor::Settings supervision;
  std::unique_ptr<Supervisor> supervisor;
  std::mutex build_mutex;
  std::unique_ptr<Build> build;
  std::atomic<int> stops{0};
  std::atomic<bool> stopped_by_loss{false};
  std::atomic<bool> stopped_from_outside{false};
  std::atomic<bool> drained{false};
  // Workers may answer through it until they are gone, which is longer than run() takes.
  std::unique_ptr<Server> server;
};

std::vector<std::string> Session::Impl::names_of(const std::vector<std::string>& tools,
                                                 const std::string& path) {
  std::map<std::string, bool> names;
  std::set<std::string> wanted(tools.begin(), tools.end());
  std::set<std::string> seen;
  for (const std::string& folder : base::search_folders(path, ".")) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (!seen.insert(name).second) {
        continue;  // an earlier folder of PATH has that name
      }
      const auto real = std::filesystem::canonical(entry.path(), error);
      if (!error && wanted.count(real.string()) != 0) {
        names[name] = true;
      }
    }
  }
  std::vector<std::string> found;
  for (const auto& [name, present] : names) {
    found.push_back(name);
  }
  return found;
}

Session::Session(Options options, model::Models& models, Forcer& forcer, object::FileStore& store,
                 base::Clock& clock, Observer& observer)
    : impl_(std::make_unique<Impl>(std::move(options), models, forcer, store, clock, observer)) {
  ::chmod(impl_->folder.path().c_str(), 0711);  // a root build may drop to another user and still run tools
}

Session::~Session() = default;

void Session::stop(int signal) {
  impl_->stopped_from_outside = true;
  impl_->stop_build(signal);
  // The build may be over, and only its thunks be under way: whoever waits for them is answered now.
  impl_->forcer.cancel_all();
}

void Session::drain(const std::string& reason) {
  impl_->drained = true;
  impl_->stop_build(SIGTERM);
  impl_->forcer.drain(reason);
}

std::vector<std::string> Session::under_way(size_t most) const {
  return impl_->ledger ? impl_->ledger->labels_under_way(most) : std::vector<std::string>{};
}

Finished Session::run(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const std::string& working_directory) {
  Impl& self = *impl_;
  self.clean_up_after_others();
  self.registry.works_in(working_directory);
  const std::string path = variable(environment, "PATH", kDefaultPath);
  Launch launch;
  launch.argv = argv;
  launch.environment = environment;
  launch.working_directory = working_directory;
  const auto program = base::find_program(argv.at(0), path, working_directory);
  if (!program) {
    throw base::OperatorError("'" + argv.at(0) + "' is not on PATH, so there is no build to run");
  }
  // As it was called: a script's $0 is this very word.
  launch.program = argv.at(0).find('/') == std::string::npos ? *program : argv.at(0);

  const Standing standing = self.choose_standing();
  const unsigned cores = std::max(2U, std::thread::hardware_concurrency());
  self.workers = std::make_unique<base::Crew>(self.options.inferences != 0 ? self.options.inferences : cores,
                                              base::Crew::AtEnd::Done);
  self.ledger = std::make_unique<Ledger>(
      self.forcer, self.registry, self.store, *self.workers,
      self.options.leave == Leave::Nothing ? Ledger::Finished::PutInPlace : Ledger::Finished::StaysPromised);
  Commands::Settings settings;
  settings.placeholders = standing == Standing::Namespaces && self.options.placeholders;
  settings.lazy = self.options.lazy;
  settings.natives = std::max(1U, std::thread::hardware_concurrency());
  self.commands = std::make_unique<Commands>(settings, self.models, self.forcer, self.store, self.registry,
                                             *self.ledger, self.clock, self.observer,
                                             [&self](const Bet& bet) { self.on_lost_bet(bet); });
  if (standing == Standing::Namespaces) {
    self.bind_shims(launch, path);
  } else {
    self.put_shims_before_path(launch, path);
  }

  self.server =
      std::make_unique<Server>(self.socket(), [&self](Request request, std::shared_ptr<Answer> answer) {
        self.commands->handle(std::move(request), std::move(answer));
      });
  {
    const std::scoped_lock lock(self.build_mutex);
    self.build = std::make_unique<Build>(launch);
  }
  const auto refused = [&self](const std::string& why) {
    self.probe.forget();  // if it worked before, the next run finds out what does now
    return base::OperatorError("the build could not be started: " + why);
  };
  auto started = self.build->started();
  if (!started) {
    throw refused(started.error().message);
  }
  if (launch.supervise && !started->listener) {
    throw refused("supervise its system calls: " + started->supervision_refused);
  }
  self.commands->set_top(started->pid);
  if (started->listener) {
    self.supervisor = std::make_unique<Supervisor>(self.supervision, std::move(started->listener),
                                                   self.registry, *self.ledger, self.clock, self.observer);
  }
  const auto ended = self.build->wait();
  // Nothing of the build is left. What its dead had asked for may be in inference yet, and is waited for
  // below; nothing may come on top of it.
  self.server->close();
  if (self.supervisor) {
    self.supervisor->stop();
  }

  Finished finished;
  if (!ended) {
    throw base::OperatorError("execute '" + launch.program + "': " + ended.error().message);
  }
  finished.signal = WIFSIGNALED(ended->wait_status) ? WTERMSIG(ended->wait_status) : 0;
  finished.exit_code = finished.signal != 0 ? 128 + finished.signal : WEXITSTATUS(ended->wait_status);
  self.finish(finished);
  finished.failures = self.commands->failures();
  finished.stopped = self.stopped_from_outside;
  // make dies of our signal; ninja (2) and others make a status of their own of it.
  finished.ended_for_failure = self.stopped_by_loss && finished.exit_code != 0;
  return finished;
}

}  // namespace intercept
