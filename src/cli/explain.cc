#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/journal.hh"
#include "cli/subject.hh"
#include "cli/thunk_reader.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cli {

namespace {

// A memo has the result of a thunk that its own run did not finish.
constexpr const char* kRanLater = "ran later";

std::string story(const CommandRecord& command, const std::string& end) {
  if (command.outcome == "native") {
    return "ran natively, not as a thunk: " + command.reason +
           (command.detail.empty() ? "" : " (" + command.detail + ")");
  }
  if (command.outcome == "hit") {
    return "a memo had the result before anything was started";
  }
  const std::string waited = command.outcome == "waited" ? "; its caller had to wait: " + command.reason : "";
  return (end == "hit"      ? "a memo had the result once its inputs were known"
          : end == "ran"    ? "executed: no memo had this thunk's result"
          : end == "failed" ? "executed, and failed"
          : end == kRanLater
              ? "left as a placeholder by that run, and executed since (gg force, or another run)"
              : "not finished") +
         waited;
}

// How the thunk ended in that run; "" if it did not. `has_memo`: there is a result by now.
std::string end_of(const Origin& origin, bool has_memo) {
  std::string end = has_memo ? kRanLater : "";
  for (const FinishRecord& record : origin.run.finished) {
    end = record.thunk == origin.command.thunk ? record.outcome : end;
  }
  return end;
}

// What became of it, in one word: "native", "hit", "ran", "failed" or "unfinished".
std::string outcome_of(const Origin& origin, const std::string& end) {
  const std::string& answered = origin.command.outcome;
  if (answered == "native" || answered == "hit") {
    return answered;
  }
  return end.empty() ? "unfinished" : end == kRanLater ? "ran" : end;
}

std::string text(const Origin& origin, const std::string& end, const std::vector<AttemptRecord>& attempts) {
  const CommandRecord& command = origin.command;
  std::string lines =
      fmt::format("what     {}\nwhy      {}\ncommand  {}\nin       {}\nrun      {}  ({})\n", command.label,
                  story(command, end), base::shell_quoted(command.argv), command.working_directory,
                  origin.run.id, base::shell_quoted(origin.run.argv));
  if (!command.thunk.empty()) {
    lines += fmt::format("thunk    {}\n", command.thunk);
  }
  for (const AttemptRecord& attempt : attempts) {
    lines +=
        attempt.error.empty()
            ? fmt::format("attempt  {}: exit {}, set up {:.1f} ms, execute {:.1f} ms, collect {:.1f} ms\n",
                          attempt.place, attempt.exit_code, static_cast<double>(attempt.set_up_ns) * 1e-6,
                          static_cast<double>(attempt.execute_ns) * 1e-6,
                          static_cast<double>(attempt.collect_ns) * 1e-6)
            : fmt::format("attempt  {}: {}\n", attempt.place, attempt.error);
  }
  return lines;
}

std::string as_json(const Origin& origin, const std::string& end,
                    const std::vector<AttemptRecord>& attempts) {
  const CommandRecord& command = origin.command;
  nlohmann::json tries = nlohmann::json::array();
  for (const AttemptRecord& attempt : attempts) {
    tries.push_back({{"place", attempt.place},
                     {"exit", attempt.exit_code},
                     {"error", attempt.error},
                     {"set_up_ns", attempt.set_up_ns},
                     {"execute_ns", attempt.execute_ns},
                     {"collect_ns", attempt.collect_ns}});
  }
  return nlohmann::json{{"label", command.label},
                        {"outcome", outcome_of(origin, end)},
                        {"answered", command.outcome},
                        {"reason", command.reason},
                        {"detail", command.detail},
                        {"argv", command.argv},
                        {"cwd", command.working_directory},
                        {"thunk", command.thunk},
                        {"run", origin.run.id},
                        {"attempts", tries}}
             .dump(2) +
         "\n";
}

}  // namespace

int explain(const Request& request) {
  const std::string path = journal_name(request.words.at(0));
  const auto origin = origin_of(request.settings.store, path);
  if (!origin) {
    throw base::OperatorError("no run in '" + request.settings.store + "/runs' made '" +
                              base::printable(path) +
                              "'; a file that no command gg has a model for made leaves no record");
  }
  std::vector<AttemptRecord> attempts = origin->run.attempts;
  std::erase_if(attempts,
                [&](const AttemptRecord& attempt) { return attempt.thunk != origin->command.thunk; });
  const auto thunk = object::Digest::parse(origin->command.thunk);
  const auto storage = open_storage(request.settings);
  const std::string end = end_of(*origin, thunk && memo_of(storage->records(), *thunk));
  fmt::print("{}", request.settings.json ? as_json(*origin, end, attempts) : text(*origin, end, attempts));
  return kOk;
}

}  // namespace cli
