#include "sandbox/sandbox.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "sandbox/cell_image.hh"
#include "sandbox/cell_process.hh"
#include "sandbox/descendants.hh"
#include "sandbox/filter.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sandbox {

namespace {

// A page is the most that mount(2) takes for overlayfs's options.
constexpr size_t kMostLayerBytes = 3800;

// Since Linux 6.3 the flag says what once went without saying; before, it is an error.
base::UniqueFd executable_memory_file() {
  constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, younger than our headers
  base::UniqueFd file(::memfd_create("gg-cell", MFD_CLOEXEC | kExecutable));
  return file ? std::move(file) : base::UniqueFd(::memfd_create("gg-cell", MFD_CLOEXEC));
}

base::UniqueFd image_file() {
  const base::UniqueFd writable = executable_memory_file();
  if (!writable) {
    throw base::SyscallError("make", "a memory file for the sandbox's helper");
  }
  base::write_all(writable.get(), cell_image(), "the sandbox's helper");
  // A file that is open for writing cannot be executed.
  const std::string path = "/proc/self/fd/" + std::to_string(writable.get());
  base::UniqueFd readable(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!readable) {
    throw base::SyscallError("open the sandbox's helper as", path);
  }
  return readable;
}

// Where a cell sees a host path: "/host/N/rest".
std::optional<std::string> in_cell(const std::vector<std::string>& roots, const std::string& host) {
  for (size_t i = 0; i < roots.size(); ++i) {
    const std::string& root = roots[i];
    const bool below = host.compare(0, root.size(), root) == 0 &&
                       (host.size() == root.size() || host[root.size()] == '/' || root.back() == '/');
    if (below) {
      return "/host/" + std::to_string(i) + "/" + host.substr(root.size());
    }
  }
  return std::nullopt;
}

tl::unexpected<base::Error> outside(const std::string& path) {
  return base::failure("'" + path + "' is in none of the directories that this sandbox may show");
}

base::Result<wire::Run> translated(const std::vector<std::string>& roots, const Job& job) {
  wire::Run run;
  run.argv = job.argv;
  run.environment = job.environment;
  run.working_directory = job.working_directory;
  run.directories = job.directories;
  run.time_ms = static_cast<uint64_t>(job.limits.time.count());
  run.memory_bytes = job.limits.memory_bytes;
  run.disk_bytes = job.limits.disk_bytes;
  run.processes = job.limits.processes;
  size_t layer_bytes = 0;
  for (const std::string& layer : job.layers) {
    std::optional<std::string> path = in_cell(roots, layer);
    if (!path) {
      return outside(layer);
    }
    layer_bytes += 2 * path->size() + 1;  // each byte may need a backslash
    run.layers.push_back(std::move(*path));
  }
  if (layer_bytes > 2 * kMostLayerBytes) {
    return base::failure("the layers' paths are too long for overlayfs's options");
  }
  for (const Bind& bind : job.binds) {
    std::optional<std::string> path = in_cell(roots, bind.host);
    if (!path) {
      return outside(bind.host);
    }
    run.bind_sources.push_back(std::move(*path));
    run.bind_targets.push_back(bind.inside);
  }
  return run;
}

struct Verdict {
  End end;
  std::string note;
};

// execve(2): the limits of one string (32 pages), and of all with a pointer to each (a quarter of the stack's
// soft limit, which is 8 MiB in every container).
std::string too_long(const Job& job) {
  size_t all = 0;
  size_t longest = 0;
  for (const auto* words : {&job.argv, &job.environment}) {
    for (const std::string& word : *words) {
      all += word.size() + 1 + sizeof(char*);
      longest = std::max(longest, word.size() + 1);
    }
  }
  return " (arguments and environment take " + std::to_string(all) + " bytes, the longest " +
         std::to_string(longest) +
         "; Linux allows 2097152 in all and 131072 for one; a file among the inputs can hold more)";
}

std::string not_started(const wire::Report& report, const Job& job) {
  std::string note = std::string("cannot ") + report.attempt + " '" + report.subject +
                     "' in the sandbox: " + std::strerror(report.error);
  if (report.error == ENOENT && std::string_view(report.attempt) == "execute") {
    note += " (the program itself, its interpreter or its dynamic loader is not among the inputs)";
  } else if (report.error == E2BIG) {
    note += too_long(job);
  }
  return note;
}

Verdict verdict(const Answer& answer, const Job& job) {
  const Limits& limits = job.limits;
  if (!answer.too_much_output.empty()) {
    return {End::TooMuchOutput, answer.too_much_output};
  }
  if (answer.stopped) {
    return {End::Stopped, "stopped: the answer is not wanted any more"};
  }
  switch (answer.report.how) {
    case wire::How::TimedOut:
      return {End::TimedOut,
              "stopped: it had run for more than " + std::to_string(limits.time.count()) + " ms"};
    case wire::How::OutOfMemory:
      return {End::OutOfMemory, "stopped: it had used more than " +
                                    std::to_string(limits.memory_bytes >> 20U) + " MiB of memory"};
    case wire::How::TooManyProcesses:
      return {End::TooManyProcesses, "stopped: it had more than " + std::to_string(limits.processes) +
                                         " processes and threads at the same time"};
    case wire::How::TooMuchDisk:
      return {End::TooMuchDisk, "stopped: it had written more than " +
                                    std::to_string(limits.disk_bytes >> 20U) + " MiB to the disk"};
    case wire::How::NotStarted:
      return {End::NotStarted, not_started(answer.report, job)};
    default:
      return {End::Exited, ""};
  }
}

int exit_code_of(End end, const wire::Report& report) {
  constexpr int kCannotExecute = 126;
  constexpr int kNotFound = 127;
  constexpr int kKilled = 128 + 9;
  switch (end) {
    case End::Exited:
      return WIFEXITED(report.status) ? WEXITSTATUS(report.status) : 128 + WTERMSIG(report.status);
    case End::NotStarted:
      return report.error == ENOENT ? kNotFound : kCannotExecute;
    default:
      return kKilled;
  }
}

// A path that has no end was cut off by a kill.
std::vector<std::string> paths_in(std::string_view listed) {
  std::vector<std::string> paths;
  for (size_t end = listed.find('\0'); end != std::string_view::npos; end = listed.find('\0')) {
    paths.emplace_back(listed.substr(0, end));
    listed.remove_prefix(end + 1);
  }
  return paths;
}

Ended ended(Answer answer, const Job& job) {
  const wire::Report& report = answer.report;
  Verdict verdict_of = verdict(answer, job);
  Ended result;
  result.end = verdict_of.end;
  result.note = std::move(verdict_of.note);
  result.exit_code = exit_code_of(result.end, report);
  result.standard_output = std::move(answer.standard_output);
  result.standard_error = std::move(answer.standard_error);
  result.absent = paths_in(answer.absent);
  result.root = std::move(answer.root);
  result.set_up = std::chrono::nanoseconds(report.set_up_ns);
  result.execute = std::chrono::nanoseconds(report.execute_ns);
  result.user_cpu = std::chrono::nanoseconds(report.user_cpu_ns);
  result.system_cpu = std::chrono::nanoseconds(report.system_cpu_ns);
  result.peak_memory_bytes = report.peak_memory_bytes;
  return result;
}

std::string words_for(uint32_t walls) {
  const uint32_t landlock = walls >> wire::kLandlockShift;
  std::string words = (walls & wire::kFilterStands) != 0 ? "seccomp" : "no seccomp";
  return landlock == 0 ? words : words + ", landlock " + std::to_string(landlock);
}

// A cell that was killed leaves its children to us.
void end_what_a_dead_cell_left() {
  const base::UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (proc) {
    end_descendants(proc.get());
  }
}

}  // namespace

Sandbox::Sandbox(Options options)
    : options_(std::move(options)),
      filter_(options_.root == Root::Own ? seccomp_filter() : ""),
      image_(image_file()) {
  if (options_.root == Root::Shared && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    throw base::SyscallError("become", "a subreaper");
  }
}

Sandbox::~Sandbox() = default;

base::Result<std::unique_ptr<Sandbox>> Sandbox::open(Options options) {
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::move(options)));
  base::Result<std::unique_ptr<CellProcess>> first = sandbox->take_cell();
  if (!first && ::geteuid() == 0 && sandbox->options_.root == Root::Own &&
      sandbox->options_.user_namespace != UserNamespace::Never) {
    sandbox->options_.user_namespace = UserNamespace::Never;
    base::Result<std::unique_ptr<CellProcess>> second = sandbox->take_cell();
    if (second) {
      first = std::move(second);
    }
  }
  if (!first) {
    return tl::unexpected<base::Error>(first.error());
  }
  if (sandbox->options_.root == Root::Shared) {
    sandbox->walls_ = words_for((*first)->walls());
  }
  sandbox->idle_.with([&](auto& idle) { idle.push_back(std::move(*first)); });
  return sandbox;
}

base::Result<std::unique_ptr<CellProcess>> Sandbox::take_cell() {
  std::unique_ptr<CellProcess> cell = idle_.with([](auto& idle) {
    std::unique_ptr<CellProcess> taken;
    if (!idle.empty()) {
      taken = std::move(idle.back());
      idle.pop_back();
    }
    return taken;
  });
  if (cell) {
    return cell;
  }
  if (options_.root == Root::Shared) {
    return CellProcess::start(image_.get(), wire::Start{false, true, options_.roots, {}}, [](pid_t its_pid) {
      return seccomp_filter_without_namespaces({::getpid(), ::getpgrp(), its_pid});
    });
  }
  return CellProcess::start(image_.get(), wire::Start{options_.user_namespace == UserNamespace::WhereAllowed,
                                                      false, options_.roots, filter_});
}

base::Result<Ended> Sandbox::run(const Job& job, const StopSignal& stop) {
  base::Result<wire::Run> request = translated(options_.roots, job);
  if (!request) {
    return tl::unexpected<base::Error>(request.error());
  }
  base::Result<std::unique_ptr<CellProcess>> cell = take_cell();
  if (!cell) {
    return tl::unexpected<base::Error>(cell.error());
  }
  base::Result<Answer> answer =
      (*cell)->run(*request, job.limits.output_bytes, job.trace ? Trace::Yes : Trace::No, stop);
  if (!answer) {
    cell->reset();
    if (options_.root == Root::Shared) {
      end_what_a_dead_cell_left();
    }
    return tl::unexpected<base::Error>(answer.error());
  }
  idle_.with([&](auto& idle) { idle.push_back(std::move(*cell)); });
  if (answer->report.how == wire::How::Vanished && !answer->stopped && answer->too_much_output.empty()) {
    return base::failure("the container was killed from outside; most likely the machine ran out of memory",
                         base::FailureKind::RetryElsewhere);
  }
  return ended(std::move(*answer), job);
}

}  // namespace sandbox
