#include "intercept/caller.hh"

#include "intercept/shell_line.hh"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace intercept {

namespace {

constexpr size_t kDeepest = 64;  // processes between a command and the top of its build

template <size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 4> kMake{"make", "gmake", "gnumake", "remake"};
constexpr std::array<std::string_view, 3> kNinja{"ninja", "ninja-build", "samu"};
constexpr std::array<std::string_view, 6> kShell{"sh", "dash", "bash", "ksh", "busybox", "mksh"};
// They run one command and end with its status.
constexpr std::array<std::string_view, 2> kPassOn{"time", "timeout"};
// A folder of this name holds somebody's experiments, and their failures are answers.
constexpr std::array<std::string_view, 4> kExperiments{"CMakeScratch", "CMakeTmp", "meson-private",
                                                       "config.tests"};

enum class Role { Make, Ninja, ShellLine, Libtool, CMakeCommand, PassOn, Configure, Unknown };

bool below_experiments(std::string_view folder) {
  while (!folder.empty()) {
    const size_t slash = folder.find('/');
    if (one_of(folder.substr(0, slash), kExperiments)) {
      return true;
    }
    folder.remove_prefix(slash == std::string_view::npos ? folder.size() : slash + 1);
  }
  return false;
}

bool is_configure(std::string_view script) {
  return script.substr(0, 9) == "configure" || script.substr(0, 6) == "config" || script == "conftest";
}

bool is_libtool(std::string_view script) {
  return script.size() >= 7 && script.substr(script.size() - 7) == "libtool";
}

// Where the script or the line stands in a shell's argv: the first word that is no option.
struct ShellCall {
  bool line = false;  // sh -c LINE
  ShellOptions options;
  std::string text;  // the line, or the script's path
};

std::optional<ShellCall> shell_call(const std::vector<std::string>& argv) {
  ShellCall call;
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.size() < 2 || (word[0] != '-' && word[0] != '+')) {
      call.text = word;
      return call;
    }
    if (word[0] == '+' || word[1] == '-') {
      return std::nullopt;
    }
    call.line = call.line || word.find('c') != std::string::npos;
    call.options.stop_on_error = call.options.stop_on_error || word.find('e') != std::string::npos;
    if (word.find('o') != std::string::npos) {
      return std::nullopt;  // takes a word of its own
    }
  }
  return std::nullopt;
}

struct Ancestor {
  Process process;
  Role role = Role::Unknown;
  ShellCall shell;
};

Role role_of_shell(const ShellCall& call) {
  if (call.line) {
    return Role::ShellLine;
  }
  const std::string script = last_part(call.text);
  return is_libtool(script) ? Role::Libtool : is_configure(script) ? Role::Configure : Role::Unknown;
}

// What the first word says that is a mode (cmake(1)); -D and the like may stand before it, and a script's own
// words after it.
Role role_of_cmake(const std::vector<std::string>& argv) {
  for (size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "-E" || argv[i] == "--build") {
      return Role::CMakeCommand;
    }
    if (argv[i] == "-P" || argv[i] == "--install" || argv[i] == "--open") {
      return Role::Unknown;
    }
  }
  return Role::Configure;
}

Ancestor classify(Process process) {
  Ancestor ancestor;
  ancestor.process = std::move(process);
  const std::string& name = ancestor.process.program;
  const auto& argv = ancestor.process.argv;
  if (one_of(name, kMake)) {
    ancestor.role = Role::Make;
  } else if (one_of(name, kNinja)) {
    ancestor.role = Role::Ninja;
  } else if (one_of(name, kPassOn)) {
    ancestor.role = Role::PassOn;
  } else if (name == "cmake") {
    ancestor.role = role_of_cmake(argv);
  } else if (one_of(name, kShell)) {
    if (const auto call = shell_call(argv)) {
      ancestor.shell = *call;
      ancestor.role = role_of_shell(*call);
    }
  }
  return ancestor;
}

bool has_flag(const std::string& makeflags, char flag) {
  // The first word holds the single-letter flags, without a dash; "" when it starts with a blank.
  const std::string first = makeflags.substr(0, makeflags.find(' '));
  return first.find('=') == std::string::npos && (first.empty() || first[0] != '-') &&
         first.find(flag) != std::string::npos;
}

bool ninja_keeps_going(const std::vector<std::string>& argv) {
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string value = argv[i] == "-k" && i + 1 < argv.size() ? argv[i + 1]
                              : argv[i].substr(0, 2) == "-k"         ? argv[i].substr(2)
                                                                     : "";
    if (!value.empty() && value != "1") {
      return true;
    }
  }
  return false;
}

Bet wait_because(std::string reason, std::string detail = "") {
  Bet bet;
  bet.reason = std::move(reason);
  bet.detail = std::move(detail);
  return bet;
}

// A script that was executed by its own name has its interpreter before it in argv, which the line does not.
LineVerdict judge(const ShellCall& shell, const std::vector<std::string>& argv) {
  const LineVerdict verdict = judge_line(shell.text, argv, shell.options);
  if (verdict != LineVerdict::Unsure || argv.size() < 2) {
    return verdict;
  }
  return judge_line(shell.text, {argv.begin() + 1, argv.end()}, shell.options);
}

// `child` is the process just below, whose failure this one would see.
std::optional<Bet> objection(const Ancestor& ancestor, const Process& child, const StreamId& child_output) {
  switch (ancestor.role) {
    case Role::Make: {
      // What $(shell …) and -O run writes elsewhere than make itself.
      const auto output = stream_of(ancestor.process.pid, 1);
      if (!output || (*output != child_output && is_pipe(child_output))) {
        return wait_because("make-reads-output", child.program);
      }
      return std::nullopt;
    }
    case Role::ShellLine:
      switch (judge(ancestor.shell, child.argv)) {
        case LineVerdict::CanOnlyStop:
          return std::nullopt;
        case LineVerdict::MayGoOn:
          return wait_because("shell-may-go-on", ancestor.shell.text);
        case LineVerdict::Unsure:
          return wait_because("shell-line-unsure", ancestor.shell.text);
      }
      return wait_because("shell-line-unsure", ancestor.shell.text);
    case Role::Configure:
      return wait_because("below-configure", ancestor.process.program);
    case Role::Unknown:
      return wait_because("caller-unsure", ancestor.process.program);
    case Role::Ninja:
    case Role::Libtool:
    case Role::CMakeCommand:
    case Role::PassOn:
      return std::nullopt;
  }
  return wait_because("caller-unsure", ancestor.process.program);
}

// A shell that forks without exec, for ( … ) and the like, looks like its parent.
bool is_fork_of(const Process& child, const Process& parent) {
  return child.program == parent.program && child.argv == parent.argv;
}

struct Walk {
  std::vector<Ancestor> ancestors;  // from the command upwards; forks of a shell folded into it
  bool complete = false;
};

Walk walk_up(const Caller& caller) {
  Walk walk;
  const auto command = read_process(caller.pid);
  pid_t next = command && caller.pid != caller.top ? command->parent : 0;
  walk.complete = command.has_value() && caller.pid == caller.top;
  for (size_t depth = 0; depth < kDeepest && next > 1; ++depth) {
    auto process = read_process(next);
    if (!process) {
      break;
    }
    const bool top = process->pid == caller.top;
    next = process->parent;
    if (!walk.ancestors.empty() && is_fork_of(walk.ancestors.back().process, *process)) {
      walk.ancestors.back().process = std::move(*process);
    } else {
      walk.ancestors.push_back(classify(std::move(*process)));
    }
    if (top) {
      walk.complete = true;
      break;
    }
  }
  return walk;
}

// But for CheckIPOSupported's (_CMakeLTOTest) its path, new each time, is in all that is made there, so no
// result is ever asked for again.
bool is_throw_away(const std::string& working_directory) {
  const std::string folder = working_directory + "/";
  return folder.find("/CMakeFiles/CMakeScratch/") != std::string::npos ||
         folder.find("/CMakeFiles/CMakeTmp/") != std::string::npos ||
         folder.find("/CMakeFiles/_CMakeLTOTest-") != std::string::npos ||
         folder.find("/meson-private/tmp") != std::string::npos;
}

struct Outlet {
  StreamId stream;
  bool through_ninja = false;  // samu does not touch what it collects
};

// Where what is written to the stream comes out: ninja collects both streams of a command in a pipe, and
// writes them to its own standard output.
Outlet outlet_of(const StreamId& stream, const Walk& walk) {
  Outlet outlet{stream};
  for (const Ancestor& ancestor : walk.ancestors) {
    if (is_pipe(outlet.stream) && ancestor.role == Role::Ninja &&
        holds(ancestor.process.pid, outlet.stream)) {
      outlet.stream = stream_of(ancestor.process.pid, 1).value_or(StreamId{});
      outlet.through_ninja = outlet.through_ninja || ancestor.process.program != "samu";
    }
  }
  return outlet;
}

bool is_own_or_none(const StreamId& stream, const StreamId& own) {
  return stream == own || stream.mode == 0 || is_null_device(stream);
}

}  // namespace

bool is_experiment(pid_t command, pid_t top, const std::string& working_directory) {
  if (is_throw_away(working_directory)) {
    return true;
  }
  auto process = read_process(command);
  for (size_t depth = 0; depth < kDeepest && process && process->pid != top; ++depth) {
    process = read_process(process->parent);
    if (!process) {
      return false;
    }
    const Ancestor ancestor = classify(*process);
    if (ancestor.role == Role::Make || ancestor.role == Role::Ninja) {
      return false;  // nearly always at the first or second look
    }
    // Not every script whose name begins so is one that only tries things out: "configure-and-build".
    const std::string script = last_part(ancestor.shell.text);
    if (ancestor.role == Role::Configure &&
        (process->program == "cmake" || script == "configure" || script.starts_with("configure."))) {
      return true;
    }
  }
  return false;
}

Bet judge_caller(const Caller& caller, const StreamId& own_output, const StreamId& own_error) {
  if (below_experiments(caller.working_directory)) {
    return wait_because("below-configure", caller.working_directory);
  }
  if (has_flag(caller.makeflags, 'i')) {
    return wait_because("make-ignores-errors");
  }
  const Walk walk = walk_up(caller);
  if (!walk.complete) {
    return wait_because("caller-unsure", "not below the build");
  }
  Bet bet;
  Process child{caller.pid, 0, last_part(caller.argv.empty() ? "" : caller.argv[0]), caller.argv,
                caller.working_directory};
  StreamId child_output = caller.standard_output;
  for (const Ancestor& ancestor : walk.ancestors) {
    if (below_experiments(ancestor.process.working_directory)) {
      return wait_because("below-configure", ancestor.process.working_directory);
    }
    if (auto refused = objection(ancestor, child, child_output)) {
      return *refused;
    }
    bet.keeps_going = bet.keeps_going || (ancestor.role == Role::Make && has_flag(caller.makeflags, 'k')) ||
                      (ancestor.role == Role::Ninja && ninja_keeps_going(ancestor.process.argv));
    bet.below_make = bet.below_make || ancestor.role == Role::Make;
    child = ancestor.process;
    child_output = stream_of(child.pid, 1).value_or(StreamId{});
  }
  const auto [output_to, output_through_ninja] = outlet_of(caller.standard_output, walk);
  const auto [errors_to, errors_through_ninja] = outlet_of(caller.standard_error, walk);
  bet.errors_to_output = errors_to != caller.standard_error;
  if (!is_own_or_none(errors_to, bet.errors_to_output ? own_output : own_error) ||
      !is_own_or_none(output_to, own_output)) {
    return wait_because("output-redirected");
  }
  bet.allowed = true;
  bet.output_unwanted = is_null_device(output_to);
  bet.errors_unwanted = is_null_device(errors_to);
  bet.shown_by_ninja = output_through_ninja || errors_through_ninja;
  return bet;
}

}  // namespace intercept
