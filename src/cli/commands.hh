#pragma once

#include "cli/command_line.hh"
#include "cli/places.hh"

// The sub-commands, one .cc and one .md each. Each returns gg's exit status (docs/exit-codes.md) and throws
// UsageError, base::OperatorError or base::SyscallError for main to show.
namespace cli {

enum ExitStatus : int {
  kOk = 0,
  kFailed = 1,       // a thunk failed, or something asked for isn't there
  kUsage = 2,        // wrong flags or words
  kEnvironment = 3,  // the store, the config or the machine is in the way
};

int run_build(const Request& request, const Environment& environment);  // run and infer
int force(const Request& request, const Environment& environment);
int describe(const Request& request);
int graph(const Request& request);
int thunk(const Request& request);
int collect(const Request& request);
int explain(const Request& request);
int verify(const Request& request, const Environment& environment);
int stats(const Request& request);
int log(const Request& request);
int hash(const Request& request);
int put(const Request& request);
int get(const Request& request);
int gc(const Request& request);
int fsck(const Request& request);
int doctor(const Request& request, const Environment& environment);
int cloud(const Request& request, const Environment& environment);
int version(const Request& request);

}  // namespace cli
