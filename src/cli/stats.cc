#include "cli/commands.hh"
#include "cli/totals.hh"

#include <fmt/format.h>

namespace cli {

int stats(const Request& request) {
  const Settings& settings = request.settings;
  const std::string id = chosen_run(settings.store, request.run_id);
  const Totals totals = totals_of(read_journal(settings.store, id));
  fmt::print("{}", settings.json ? summary_json(totals, id) : summary_text(totals, id));
  return kOk;
}

}  // namespace cli
