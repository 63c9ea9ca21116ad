#pragma once

#include "cli/cloud_flags.hh"
#include "cli/settings.hh"
#include "cli/thunk_flags.hh"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace cli {

// What the user asked for, as typed and as configured. Flags that a command does not have stay at their
// default.
struct Request {
  std::string command;             // "run", "force", …
  std::vector<std::string> words;  // what stands after the flags: a build command, files, digests
  Settings settings;

  std::vector<std::string> stores;  // --store, as often as it was given: see set_store()
  bool all = false;                 // force --all
  bool dot = false;                 // graph --dot
  bool dry_run = false;             // gc, fsck
  bool trace = false;               // verify
  bool remote = false;              // verify
  bool help = false;
  std::string run_id;                  // stats, log, verify --run
  double share_percent = 10.0;         // verify --share
  uint64_t count = 0;                  // verify --count; 0: the share
  std::string output;                  // get, force -o
  uint64_t size_bytes = 0;             // gc --size
  ThunkFlags thunk;                    // thunk create
  std::vector<std::string> arguments;  // thunk create: what stands behind "--"
  FileFilter filter;                   // collect
  std::string outcome;                 // log --outcome
  CloudFlags cloud;                    // cloud, doctor
};

// Wrong flags or a wrong number of words. what() says which, and how to get help; exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads flags, config file and profile. Throws UsageError or base::OperatorError.
[[nodiscard]] Request parse_command_line(const std::vector<std::string>& argv,
                                         const Environment& environment);

// The tool's words, where gg stands as a launcher before a tool: behind `gg cc [OPTION...]`, or when gg's
// first word is a path. Empty: it does not.
[[nodiscard]] std::vector<std::string> launched_command(const std::vector<std::string>& argv);

// Every sub-command, in the order of the overview.
[[nodiscard]] const std::vector<std::string>& command_names();

}  // namespace cli
