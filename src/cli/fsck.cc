#include "storage/local/fsck.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cli {

namespace {

void show(const storage::FsckReport& report, bool repaired) {
  fmt::print("{} objects, {} bytes; {} records\n", report.objects, report.bytes, report.records.records);
  for (const std::string& path : report.damaged) {
    fmt::print("damaged{}  {}\n", repaired ? ", quarantined" : "", base::printable(path));
  }
  if (report.records.damaged > 0) {
    fmt::print("{} damaged records{}\n", report.records.damaged, repaired ? ", dropped" : "");
  }
  if (!report.records.problem.empty()) {
    fmt::print("the record database is damaged{}: {}\n", repaired ? " and was started anew" : "",
               report.records.problem);
  }
  for (const std::string& path : report.temporaries) {
    fmt::print("left by a dead process{}  {}\n", repaired ? ", removed" : "", base::printable(path));
  }
  for (const std::string& path : report.strangers) {
    fmt::print("not gg's  {}\n", base::printable(path));
  }
  fmt::print("{}\n", report.is_sound() ? "sound"
                     : repaired        ? "mended: what was damaged will be made again when needed"
                                       : "damaged");
}

}  // namespace

int fsck(const Request& request) {
  const auto storage = open_storage(request.settings);
  const auto report = storage::check_store(storage->store(), storage->records(),
                                           request.dry_run ? storage::Repair::No : storage::Repair::Yes);
  if (!report) {
    throw base::OperatorError(report.error().message);
  }
  if (request.settings.json) {
    nlohmann::json damaged = nlohmann::json::array();
    for (const std::string& path : report->damaged) {
      damaged.push_back(base::printable(path));
    }
    fmt::print("{}\n", nlohmann::json{{"objects", report->objects},
                                      {"bytes", report->bytes},
                                      {"damaged", damaged},
                                      {"records", report->records.records},
                                      {"damaged_records", report->records.damaged},
                                      {"problem", report->records.problem},
                                      {"temporaries", report->temporaries.size()},
                                      {"strangers", report->strangers.size()},
                                      {"sound", report->is_sound()}}
                           .dump());
  } else {
    show(*report, !request.dry_run);
  }
  return report->is_sound() ? kOk : kFailed;
}

}  // namespace cli
