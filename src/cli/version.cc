#include "cli/commands.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cli {

int version(const Request& request) {
  if (request.settings.json) {
    fmt::print("{}\n", nlohmann::json{{"version", GG_VERSION}, {"ir", "gg.v1"}}.dump());
  } else {
    fmt::print("gg {}\n", GG_VERSION);
  }
  return kOk;
}

}  // namespace cli
