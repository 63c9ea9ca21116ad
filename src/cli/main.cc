#include "base/errors.hh"
#include "cli/cc.hh"
#include "cli/commands.hh"
#include "cli/help.hh"
#include "cli/say.hh"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

int dispatch(const cli::Request& request, const cli::Environment& environment) {
  const std::string& command = request.command;
  if (request.help) {
    fmt::print("{}", cli::help_text(command.empty() ? "gg" : command));
    return cli::kOk;
  }
  return command == "run" || command == "infer" ? cli::run_build(request, environment)
         : command == "force"                   ? cli::force(request, environment)
         : command == "describe"                ? cli::describe(request)
         : command == "graph"                   ? cli::graph(request)
         : command == "thunk"                   ? cli::thunk(request)
         : command == "collect"                 ? cli::collect(request)
         : command == "explain"                 ? cli::explain(request)
         : command == "verify"                  ? cli::verify(request, environment)
         : command == "stats"                   ? cli::stats(request)
         : command == "log"                     ? cli::log(request)
         : command == "hash"                    ? cli::hash(request)
         : command == "put"                     ? cli::put(request)
         : command == "get"                     ? cli::get(request)
         : command == "gc"                      ? cli::gc(request)
         : command == "fsck"                    ? cli::fsck(request)
         : command == "doctor"                  ? cli::doctor(request, environment)
         : command == "cloud"                   ? cli::cloud(request, environment)
                                                : cli::version(request);
}

int complain(const char* what, int status) {
  cli::say(what);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv, argv + argc);
    const cli::Environment environment = cli::this_environment();
    const std::vector<std::string> launched = cli::launched_command(words);
    if (!launched.empty()) {
      return cli::launch(words, launched, environment);
    }
    // A reader of ours that goes away (`gg describe … | head`) is an ordinary write error, not a death
    // without a word.
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
      return complain("cannot ignore SIGPIPE", cli::kEnvironment);
    }
    return dispatch(cli::parse_command_line(words, environment), environment);
  } catch (const cli::UsageError& error) {
    return complain(error.what(), cli::kUsage);
  } catch (const base::OperatorError& error) {
    return complain(error.what(), cli::kEnvironment);
  } catch (const base::SyscallError& error) {
    return complain(error.what(), cli::kEnvironment);
  } catch (const std::exception& error) {
    return complain((std::string("a defect of gg: ") + error.what()).c_str(), cli::kEnvironment);
  }
}
