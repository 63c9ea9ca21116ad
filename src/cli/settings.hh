#pragma once

#include "cli/places.hh"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace cli {

// The most that --max-cost takes: more is a slip of the pen.
inline constexpr double kMostDollars = 1e6;

// Everything that a flag or the config file can say, with its default. docs/config.md lists the names.
struct Settings {
  std::string store;
  std::string config;
  std::string profile;
  std::string tools;                    // directory with descriptions of tools
  std::vector<std::string> tool_files;  // more of them
  bool json = false;
  bool quiet = false;
  unsigned jobs = 0;  // 0: as many as there are cores
  bool keep_going = false;
  // What may be spent: see sched::Budget. In dollars, as people write them.
  std::optional<unsigned> max_executions;
  std::optional<double> max_cost;
  bool explain = false;
  std::string shared_store;           // address of a server or bucket; empty: none
  std::string cache = "write";        // read | write | off: what the shared store is used for
  std::string engine = "local";       // or the address of a server; see engine_elsewhere()
  std::string fallback = "always";    // always | never: what is refused elsewhere is executed here
  std::string download = "all";       // all | targets | none: what comes from there although no one reads it
  std::string instance;               // of that server, as all below
  std::vector<std::string> platform;  // KEY=VALUE
  std::string authorities;            // file
  std::string client_certificate;     // file
  std::string client_key;             // file
  std::string token_file;
  std::string credential_helper;  // program
  std::string lambda_region;      // what `gg cloud up` has made, and where: docs/cloud.md
  std::string lambda_functions;   // what their names begin with
  unsigned lambda_count = 0;
  std::string lambda_store;      // the bucket's address
  std::string sandbox = "auto";  // auto | none
  std::string summary = "auto";  // auto | off | json
};

// What those settings may say that are one of a few words.
inline constexpr std::array<const char*, 3> kCacheModes{"read", "write", "off"};
inline constexpr std::array<const char*, 2> kFallbacks{"always", "never"};
inline constexpr std::array<const char*, 3> kDownloads{"all", "targets", "none"};
inline constexpr std::array<const char*, 2> kSandboxes{"auto", "none"};
inline constexpr std::array<const char*, 3> kSummaries{"auto", "off", "json"};

// What --store says: a directory, or an address (SCHEME://…) where results are shared.
void set_store(Settings& settings, const std::string& place);

// Where results are shared if nobody has said so: with functions that `gg cloud up` has made, in their
// bucket. Once all else is set.
void choose_store(Settings& settings);

// Of what --engine says, what is not this machine: "" where that is all.
[[nodiscard]] std::string engine_elsewhere(const std::string& name);

// Does this machine share the work with others ("lambda,local")?
[[nodiscard]] bool local_engine_shares(const std::string& name);

// What is wrong with what --engine says; "": it is "local", or begins as the address of a server.
[[nodiscard]] std::string no_engine(const std::string& name);

// Reads the config file at settings.config over `settings`: first its top level, then [profile.NAME] for
// settings.profile. A missing file is fine unless `must_exist`; a key nobody knows, or a value of the wrong
// kind, is a base::OperatorError that names file, line and key.
enum class MustExist { No, Yes };
void read_config(Settings& settings, MustExist must_exist);

}  // namespace cli
