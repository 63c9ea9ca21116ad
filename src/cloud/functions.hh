#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloud/aws_calls.hh"
#include "cloud/stack.hh"

namespace cloud {

// What all functions of an account have in common.
struct FunctionSettings {
  std::string image;  // "REPOSITORY@sha256:…"
  std::string role;
  std::string log_group;
  std::string architecture = "x86_64";  // or "arm64"
  unsigned memory_mb = 1769;            // one processor
  unsigned time_seconds = 900;
  unsigned disk_mb = 2048;  // of /tmp

  bool operator==(const FunctionSettings&) const = default;

  // What the worker is told on its command line.
  [[nodiscard]] std::vector<std::string> command() const;
};

struct FunctionState {
  std::string name;
  std::string image;  // as it was given
  std::string role;
  std::string description;
  unsigned memory_mb = 0;
  unsigned time_seconds = 0;
  std::string state;        // "Active", "Pending", "Failed", "Inactive"
  std::string last_update;  // "Successful", "InProgress", "Failed"
  std::string reason;       // of a failure

  [[nodiscard]] bool is_well() const { return state != "Failed" && last_update != "Failed"; }
};

// What an account and region may run.
struct AccountLimits {
  unsigned concurrent = 0;  // executions at the same time, of all functions
  unsigned unreserved = 0;  // of these, for functions for which none are set aside
};

// AWS Lambda. Throws CallError, and base::OperatorError where a function does not come up. Any thread.
class Functions {
 public:
  Functions(AwsCalls& calls, Patience patience) : calls_(calls), patience_(patience) {}

  enum class Done { Nothing, Made, Changed };

  // nullopt: the service does not say.
  [[nodiscard]] std::optional<AccountLimits> limits();

  // Those that are called PREFIX and a number, by number. Without the image, which only read() knows.
  [[nodiscard]] std::vector<FunctionState> list(const std::string& prefix);

  // nullopt: there is none.
  [[nodiscard]] std::optional<FunctionState> read(const std::string& name);

  // Would put() have nothing to do?
  [[nodiscard]] static bool is(const FunctionState& state, const FunctionSettings& settings);

  // Makes it so, and waits until it can be invoked.
  Done put(const std::string& name, const FunctionSettings& settings);

  void remove(const std::string& name);

  // May these credentials invoke it? Runs and costs nothing.
  void try_to_invoke(const std::string& name);

 private:
  void wait_until_ready(const std::string& name);
  void send(const std::string& method, const std::string& path, const std::string& body);

  AwsCalls& calls_;
  Patience patience_;
};

}  // namespace cloud
