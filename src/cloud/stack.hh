#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/aws_calls.hh"

namespace cloud {

// The CloudFormation template, src/cloud/stack.yaml.
[[nodiscard]] std::string_view stack_template();

// How long, and how often, to look whether something that takes its time has come about.
struct Patience {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{3000};
  std::chrono::milliseconds whole = std::chrono::minutes(10);
};

struct StackSettings {
  unsigned object_days = 14;
  unsigned log_days = 7;

  bool operator==(const StackSettings&) const = default;
};

// The stack as CloudFormation has it.
struct StackState {
  std::string status;   // "CREATE_COMPLETE"
  std::string reason;   // of that status; may be empty
  std::string made_of;  // what the template and settings were called when it was last made
  std::map<std::string, std::string>
      outputs;  // "Bucket", "RepositoryUri", "Repository", "LogGroup", "WorkerRole"

  [[nodiscard]] bool is_in_progress() const;
  // All that it holds is there.
  [[nodiscard]] bool is_whole() const;
  // Nothing can be done with it but to delete it.
  [[nodiscard]] bool is_lost() const;
  // Throws base::OperatorError where the stack has none of that name.
  [[nodiscard]] const std::string& output(const std::string& name) const;
};

// A name for the template with these settings: another one, another stack.
[[nodiscard]] std::string stack_made_of(const StackSettings& settings);

// One stack. Throws CallError, or base::OperatorError where it does not come about, with CloudFormation's
// reason. What is under way already (an earlier `gg cloud up` that was killed) is waited for.
class Stack {
 public:
  Stack(AwsCalls& calls, std::string name, Patience patience)
      : calls_(calls), name_(std::move(name)), patience_(patience) {}

  [[nodiscard]] const std::string& name() const { return name_; }

  // nullopt: there is none.
  [[nodiscard]] std::optional<StackState> read();

  // The same, as soon as nothing is in progress.
  [[nodiscard]] std::optional<StackState> settled();

  // Makes it, or makes it so; does nothing where it is.
  StackState put(const StackSettings& settings);

  // Removes it; what it holds has to be empty.
  void remove();

 private:
  void ask(const std::string& action, const StackSettings& settings);
  [[nodiscard]] std::string first_failure();

  AwsCalls& calls_;
  std::string name_;
  Patience patience_;
};

}  // namespace cloud
