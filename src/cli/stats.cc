#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/totals.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cli {

namespace {

int list_runs(const Settings& settings) {
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& id : run_ids(settings.store)) {
    const RunRecord run = read_journal(settings.store, id);
    const std::string state = run.ended_ns == 0 ? "unfinished" : fmt::format("exit {}", run.exit_code);
    if (settings.json) {
      array.push_back({{"run", id}, {"argv", run.argv}, {"cwd", run.working_directory}, {"state", state}});
    } else {
      fmt::print("{}  {:<10}  {}  (in {})\n", id, state, base::shell_quoted(run.argv), run.working_directory);
    }
  }
  if (settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

}  // namespace

int stats(const Request& request) {
  const Settings& settings = request.settings;
  if (request.list) {
    return list_runs(settings);
  }
  const std::string id = chosen_run(settings.store, request.run_id);
  const Totals totals = totals_of(read_journal(settings.store, id));
  fmt::print("{}", settings.json ? summary_json(totals, id) : summary_text(totals, id));
  return kOk;
}

}  // namespace cli
