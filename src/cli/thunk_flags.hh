#pragma once

#include "cli/draft.hh"
#include "cli/file_filter.hh"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

// The flags of `gg thunk create`, as typed.
struct ThunkFlags {
  std::vector<std::string> environment;  // NAME=VALUE
  std::string working_directory;
  std::string base;
  std::vector<std::string> inputs;    // PATH or PATH=WORD
  std::vector<std::string> programs;  // PATH
  std::vector<std::string> outputs;
  std::vector<std::string> platform;  // NAME=VALUE
  std::vector<std::string> place;     // OUTPUT=FILE
  bool dynamic = false;
  std::string draft_file;  // --from
  bool stream = false;
};

// The flags write into `flags`, which outlives the app's parsing.
void add_thunk_flags(CLI::App& app, ThunkFlags& flags);
void add_collect_flags(CLI::App& app, FileFilter& filter);

// The command of the thunk: all behind "--". Takes it off.
[[nodiscard]] std::vector<std::string> split_off_arguments(std::vector<std::string>& argv);

// Throws UsageError for a NAME=VALUE that is none.
[[nodiscard]] Draft draft_of(const ThunkFlags& flags, const std::vector<std::string>& arguments);

// What happens around the making of thunks.
struct MakingThunks {
  std::function<void()> keep;  // all that was made so far, before its name is given away
  std::function<void(const Draft&, const DraftMaker::Made&)> place;  // for a draft that says so; after keep()
};

// Makes what the flags say, one thunk or a stream of them from `input` (a descriptor), and prints a line for
// each: its digest. Answers when no more lines are at hand, so that a program may wait for each answer.
// Throws as DraftMaker::make() does, with the number of the line in the stream.
void make_thunks(DraftMaker& maker, const ThunkFlags& flags, const std::vector<std::string>& arguments,
                 int input, const MakingThunks& around);

// Calls `use` for each line, and `pause` before it has to wait for more.
void for_each_line(int input, const std::function<void(std::string_view line)>& use,
                   const std::function<void()>& pause);

}  // namespace cli
