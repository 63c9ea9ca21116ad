#pragma once

#include <string>

namespace CLI {
class App;
}

namespace cli {

// The flags of `gg cloud`, as typed.
struct CloudFlags {
  std::string name = "gg";
  std::string region;    // empty: as configured
  std::string endpoint;  // of all of AWS's services; empty: as configured, else Amazon's
  std::string registry;  // in place of Amazon's
  std::string worker;    // path of gg-worker; empty: beside gg
  std::string output;    // image: the folder
  std::string push;      // image: "https://HOST/REPOSITORY:TAG"
  unsigned functions = 1;
  unsigned memory_mb = 1769;
  unsigned disk_mb = 2048;
  unsigned time_seconds = 900;
  unsigned object_days = 14;
  bool dry_run = false;
  bool yes = false;
};

// They write into `flags`, which outlives the app's parsing.
void add_cloud_flags(CLI::App& app, CloudFlags& flags);

// Those that `gg doctor --engine lambda` has as well.
void add_account_flags(CLI::App& app, CloudFlags& flags);

}  // namespace cli
