#include "cli/thunk_flags.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "cli/command_line.hh"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

namespace cli {

namespace {

std::pair<std::string, std::string> split(const std::string& word, const char* flag, const char* form) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(std::string(flag) + " wants " + form + ", not '" + base::printable(word) + "'");
  }
  return {word.substr(0, equals), word.substr(equals + 1)};
}

std::map<std::string, std::string> map_of(const std::vector<std::string>& words, const char* flag,
                                          const char* form) {
  std::map<std::string, std::string> map;
  for (const std::string& word : words) {
    auto [name, value] = split(word, flag, form);
    map.insert_or_assign(std::move(name), std::move(value));
  }
  return map;
}

void add_list(CLI::App& app, const char* name, std::vector<std::string>& list, const char* type) {
  app.add_option(name, list)->type_name(type)->allow_extra_args(false);
}

bool is_at_hand(int input) {
  pollfd waiting{input, POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

// Makes thunks and answers with their names, many at a time where they come so.
class Making {
 public:
  Making(DraftMaker& maker, const MakingThunks& around) : maker_(maker), around_(around) {}

  void make(const Draft& draft) {
    constexpr size_t kMostAtOnce = 1U << 16U;
    const DraftMaker::Made made = maker_.make(draft);
    names_ += made.thunk.to_string() + "\n";
    if (++count_ >= kMostAtOnce || !draft.place.empty()) {
      answer();
    }
    if (!draft.place.empty()) {
      around_.place(draft, made);
    }
  }

  void answer() {
    if (count_ != 0) {
      around_.keep();
      base::write_all(STDOUT_FILENO, names_, "standard output");
    }
    names_.clear();
    count_ = 0;
  }

 private:
  DraftMaker& maker_;
  const MakingThunks& around_;
  std::string names_;
  size_t count_ = 0;
};

// What was made before a bad line is kept and named.
void make_stream(Making& making, int input) {
  size_t number = 0;
  const auto refuse = [&](const std::exception& error) {
    making.answer();
    return "line " + std::to_string(number) + ": " + error.what();
  };
  const auto make_line = [&](std::string_view line) {
    ++number;
    try {
      making.make(draft_of_json(line));
    } catch (const UsageError& error) {
      throw UsageError(refuse(error));
    } catch (const base::OperatorError& error) {
      throw base::OperatorError(refuse(error));
    } catch (const base::SyscallError& error) {
      throw base::OperatorError(refuse(error));
    }
  };
  for_each_line(input, make_line, [&] { making.answer(); });
}

}  // namespace

void add_thunk_flags(CLI::App& app, ThunkFlags& flags) {
  add_list(app, "--env", flags.environment, "NAME=VALUE");
  app.add_option("--cwd", flags.working_directory)->type_name("DIR");
  app.add_option("--base", flags.base)->type_name("TREE");
  add_list(app, "--input", flags.inputs, "PATH[=WHAT]");
  add_list(app, "--program", flags.programs, "FILE");
  add_list(app, "--output", flags.outputs, "PATH");
  add_list(app, "--platform", flags.platform, "NAME=VALUE");
  add_list(app, "--place", flags.place, "OUTPUT=FILE");
  app.add_flag("--dynamic", flags.dynamic);
  app.add_option("--from", flags.draft_file)->type_name("FILE");
  app.add_flag("--stream", flags.stream);
}

void add_collect_flags(CLI::App& app, FileFilter& filter) {
  add_list(app, "--include", filter.include, "GLOB");
  add_list(app, "--exclude", filter.exclude, "GLOB");
}

std::vector<std::string> split_off_arguments(std::vector<std::string>& argv) {
  const auto dashes = std::find(argv.begin(), argv.end(), "--");
  std::vector<std::string> rest(dashes == argv.end() ? dashes : dashes + 1, argv.end());
  argv.erase(dashes, argv.end());
  return rest;
}

Draft draft_of(const ThunkFlags& flags, const std::vector<std::string>& arguments) {
  Draft draft;
  draft.arguments = arguments;
  draft.environment = map_of(flags.environment, "--env", "NAME=VALUE");
  draft.working_directory = flags.working_directory;
  draft.base = flags.base;
  for (const std::string& input : flags.inputs) {
    draft.inputs.push_back(input.find('=') == std::string::npos ? std::pair(input, input)
                                                                : split(input, "--input", "PATH=WHAT"));
  }
  draft.programs = flags.programs;
  draft.outputs = flags.outputs;
  draft.platform = map_of(flags.platform, "--platform", "NAME=VALUE");
  draft.place = map_of(flags.place, "--place", "OUTPUT=FILE");
  draft.dynamic = flags.dynamic;
  return draft;
}

void for_each_line(int input, const std::function<void(std::string_view line)>& use,
                   const std::function<void()>& pause) {
  constexpr size_t kChunk = 1U << 18U;
  std::string pending;
  for (;;) {
    const size_t had = pending.size();
    pending.resize(had + kChunk);
    if (!is_at_hand(input)) {
      pause();
    }
    const ssize_t got = ::read(input, pending.data() + had, kChunk);
    if (got < 0 && errno != EINTR) {
      throw base::SyscallError("read", "standard input");
    }
    pending.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    size_t start = 0;
    for (size_t end = pending.find('\n', had); end != std::string::npos; end = pending.find('\n', start)) {
      use(std::string_view(pending).substr(start, end - start));
      start = end + 1;
    }
    pending.erase(0, start);
    if (got == 0) {
      if (!pending.empty()) {
        use(pending);
      }
      return;
    }
  }
}

void make_thunks(DraftMaker& maker, const ThunkFlags& flags, const std::vector<std::string>& arguments,
                 int input, const MakingThunks& around) {
  const bool from_elsewhere = flags.stream || !flags.draft_file.empty();
  if (from_elsewhere &&
      (draft_of(flags, arguments) != Draft{} || (flags.stream && !flags.draft_file.empty()))) {
    throw UsageError("with --from or --stream all of a thunk is in the JSON; no other flag says more");
  }
  Making making(maker, around);
  if (flags.stream) {
    make_stream(making, input);
  } else if (!flags.draft_file.empty()) {
    making.make(draft_of_json(base::read_file(flags.draft_file)));
  } else if (arguments.empty()) {
    throw UsageError(
        "gg thunk create wants the thunk's command behind --, or --from FILE, or --stream; see "
        "`gg thunk --help`");
  } else {
    making.make(draft_of(flags, arguments));
  }
  making.answer();
}

}  // namespace cli
