#include "cli/command_record.hh"

#include "cli/named_outputs.hh"
#include "intercept/registry.hh"

namespace cli {

namespace {

const char* word_for(intercept::Outcome outcome) {
  switch (outcome) {
    case intercept::Outcome::Hit:
      return "hit";
    case intercept::Outcome::Promised:
      return "promised";
    case intercept::Outcome::Waited:
      return "waited";
    case intercept::Outcome::Native:
      break;
  }
  return "native";
}

}  // namespace

CommandRecord record_of(const intercept::CommandReport& report, base::Nanoseconds wall_now) {
  CommandRecord record;
  record.outcome = word_for(report.outcome);
  record.reason = report.reason;
  record.detail = report.detail;
  record.label = report.label;
  record.argv = report.argv;
  record.working_directory = report.working_directory;
  record.thunk = report.thunk ? report.thunk->to_string() : "";
  record.outputs = report.outputs;
  if (report.outcome == intercept::Outcome::Native) {
    for (const std::string& output : named_outputs(report.argv, report.working_directory, report.reason)) {
      record.outputs.push_back(intercept::canonical(output));
    }
  }
  record.started_ns = (wall_now - report.took).count();
  record.took_ns = report.took.count();
  return record;
}

}  // namespace cli
