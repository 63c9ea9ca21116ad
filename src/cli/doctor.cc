#include "base/errors.hh"
#include "base/files.hh"
#include "base/program_path.hh"
#include "cli/aws_account.hh"
#include "cli/commands.hh"
#include "cli/wire_up.hh"
#include "intercept/spawn.hh"
#include "model/toolchain.hh"
#include "object/memory_store.hh"
#include "sandbox/probe.hh"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cloud/examination.hh"

namespace cli {

namespace {

struct Finding {
  std::string subject;
  bool well = false;
  bool needed = false;  // nothing works without
  std::string detail;
  bool part = false;  // of the finding before it
};

std::vector<Finding> look_at_containers() {
  const sandbox::Capabilities capabilities = sandbox::probe();
  std::vector<Finding> findings{{"containers", capabilities.sandbox, true,
                                 capabilities.sandbox ? "thunks run isolated" : capabilities.refusal}};
  for (const sandbox::Capability& one : capabilities.details) {
    findings.push_back({one.name, one.there, false, one.detail, true});
  }
  return findings;
}

std::vector<Finding> look_at_interception() {
  const base::TemporaryDirectory scratch;
  const intercept::Abilities abilities = intercept::probe_abilities(scratch.path());
  return {{"mount namespaces", abilities.namespaces, false,
           abilities.namespaces
               ? "shims stand over the real tools"
               : abilities.namespaces_refused + ": a directory before PATH is used instead, and every "
                                                "command waits for its result"},
          {"seccomp notification", abilities.supervision, false,
           abilities.supervision ? "any reader of a placeholder gets the real file"
                                 : abilities.supervision_refused}};
}

Finding look_at_store(const Settings& settings) {
  try {
    const auto storage = open_storage(settings);
    return {"store", true, true, settings.store};
  } catch (const base::OperatorError& error) {
    return {"store", false, true, error.what()};
  }
}

std::vector<Finding> look_at_compilers(const Environment& environment) {
  const auto path = environment.find("PATH");
  const std::string path_variable = base::absolute_search_path(
      path == environment.end() ? "/usr/bin:/bin" : path->second, std::filesystem::current_path().string());
  std::vector<Finding> findings;
  object::MemoryRecords nothing_known;  // each is asked
  const base::SystemClock clock;
  model::Toolchains toolchains(nothing_known, clock, "");
  for (const char* name : {"gcc", "g++"}) {
    const auto driver = base::find_program(name, path_variable, "/");
    if (!driver) {
      findings.push_back({name, false, false, "not in PATH"});
      continue;
    }
    try {
      const auto toolchain = toolchains.find(*driver, path_variable);
      findings.push_back({name, true, false,
                          fmt::format("{}: {} files to compile with, {} to link with", *driver,
                                      toolchain->compile.size(), toolchain->link.size())});
    } catch (const base::OperatorError& error) {
      findings.push_back({name, false, false, error.what()});
    }
  }
  return findings;
}

// The config says what `gg cloud up` has made; flags win.
std::vector<Finding> look_at_functions(const Request& request, const Environment& environment) {
  constexpr std::chrono::seconds kPatience{5};
  const Settings& settings = request.settings;
  CloudFlags flags = request.cloud;
  const bool is_configured = flags.name == CloudFlags().name && settings.lambda_functions.size() > 1;
  if (is_configured) {
    flags.name = settings.lambda_functions.substr(0, settings.lambda_functions.size() - 1);
  }
  std::vector<Finding> findings;
  try {
    AwsAccount aws(flags, settings, environment, kPatience);
    findings.push_back({"region", true, true, aws.calls().region()});
    for (const cloud::Examined& one :
         cloud::examine(aws.calls(), aws.credentials(), flags.name, settings.lambda_count)) {
      findings.push_back({one.subject, one.well, one.needed, one.detail});
    }
  } catch (const base::OperatorError& error) {
    findings.push_back({"region", false, true, error.what()});
  }
  return findings;
}

}  // namespace

int doctor(const Request& request, const Environment& environment) {
  std::vector<Finding> findings{look_at_store(request.settings)};
  for (const auto& more : {look_at_containers(), look_at_interception(), look_at_compilers(environment)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  if (request.settings.engine == "lambda") {
    const auto more = look_at_functions(request, environment);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  bool works = true;
  nlohmann::json array = nlohmann::json::array();
  for (const Finding& finding : findings) {
    works = works && (finding.well || !finding.needed);
    if (request.settings.json) {
      array.push_back({{"subject", finding.subject},
                       {"well", finding.well},
                       {"needed", finding.needed},
                       {"detail", finding.detail}});
    } else {
      fmt::print("{:8} {:24} {}\n",
                 finding.well     ? "ok"
                 : finding.needed ? "BROKEN"
                                  : "without",
                 (finding.part ? "  " : "") + finding.subject, finding.detail);
    }
  }
  if (request.settings.json) {
    fmt::print("{}\n", nlohmann::json{{"works", works}, {"findings", array}}.dump(2));
  }
  return works ? kOk : kEnvironment;
}

}  // namespace cli
