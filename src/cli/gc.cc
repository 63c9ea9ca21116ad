#include "storage/local/gc.hh"

#include "base/errors.hh"
#include "cli/commands.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

namespace cli {

int gc(const Request& request) {
  std::this_thread::sleep_for(storage::kClockTick);  // so that a run that has just ended holds nothing back
  const auto storage = open_storage(request.settings);
  const auto report =
      storage::collect_garbage(storage->store(), storage->records(), request.size_bytes, storage->clock());
  if (!report) {
    throw base::OperatorError(report.error().message);
  }
  if (request.settings.json) {
    fmt::print("{}\n", nlohmann::json{{"objects", report->objects},
                                      {"bytes", report->bytes},
                                      {"removed_objects", report->removed_objects},
                                      {"removed_bytes", report->removed_bytes},
                                      {"in_use_objects", report->in_use_objects},
                                      {"removed_temporaries", report->removed_temporaries},
                                      {"removed_records", report->removed_records},
                                      {"kept_bytes", report->kept_bytes()}}
                           .dump());
    return kOk;
  }
  fmt::print("{} objects, {} bytes; removed {} objects, {} bytes, {} records; {} bytes are left\n",
             report->objects, report->bytes, report->removed_objects, report->removed_bytes,
             report->removed_records, report->kept_bytes());
  if (report->kept_bytes() > request.size_bytes) {
    fmt::print("{} objects were kept though the size is exceeded: a gg that runs now may need them\n",
               report->in_use_objects);
  }
  return kOk;
}

}  // namespace cli
