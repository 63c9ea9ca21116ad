#include "cloud/examination.hh"

#include <fmt/format.h>

#include <cmath>
#include <pugixml.hpp>

namespace cloud {

namespace {

constexpr double kClockBorder = 120;  // seconds; from 300 on signatures are refused
constexpr unsigned kFew = 100;

class Examination {
 public:
  Examination(AwsCalls& calls, std::string name) : calls_(calls), name_(std::move(name)) {}

  std::vector<Examined> take() { return std::move(findings_); }

  void add(std::string subject, bool well, std::string detail, bool needed = true) {
    findings_.push_back({std::move(subject), well, needed, std::move(detail)});
  }

  // Does `look`; what a service refuses is a finding. False: it was refused.
  bool tried(const std::string& subject, const std::function<void()>& look) {
    try {
      look();
      return true;
    } catch (const base::OperatorError& error) {
      add(subject, false, error.what());
      return false;
    }
  }

  bool look_at_account() {
    return tried("account", [this] {
      const std::string text = calls_.query("sts", "GetCallerIdentity", "2011-06-15", {});
      pugi::xml_document document;
      document.load_buffer(text.data(), text.size());
      const pugi::xml_node who = document.first_child().child("GetCallerIdentityResult");
      add("account", true, fmt::format("{}, as {}", who.child_value("Account"), who.child_value("Arn")));
      if (const auto ahead = calls_.seconds_ahead()) {
        const bool well = std::abs(*ahead) < kClockBorder;
        add("clock", well,
            fmt::format("{:.0f} s {} Amazon's{}", std::abs(*ahead), *ahead < 0 ? "behind" : "ahead of",
                        well ? "" : ": set it, from 300 s on requests are refused"),
            false);
      }
    });
  }

  void look_at_limits() {
    tried("concurrency", [this] {
      const auto limits = Functions(calls_, {}).limits();
      if (limits) {
        add("concurrency", limits->concurrent >= kFew, explained(*limits), false);
      }
    });
  }

  std::optional<StackState> look_at_stack() {
    std::optional<StackState> stack;
    tried("stack", [&] {
      stack = Stack(calls_, name_, {}).read();
      if (!stack) {
        add("stack", false,
            fmt::format("there is no stack '{}' in {}: `gg cloud up` makes it; or is it in another region "
                        "(--region), or "
                        "has another name (--name)?",
                        name_, calls_.region()));
      } else if (!stack->is_whole()) {
        add("stack", false,
            fmt::format("'{}' is {}: {}", name_, stack->status,
                        stack->is_in_progress() ? "wait, or do `gg cloud up` again, which waits"
                                                : "do `gg cloud up` again"));
        stack = std::nullopt;
      } else {
        add("stack", true, fmt::format("'{}' in {}", name_, calls_.region()));
      }
    });
    return stack;
  }

  void look_at_bucket(const StackState& stack) {
    tried("bucket", [&] {
      BucketContents(calls_, stack.output("Bucket")).try_to_list();
      add("bucket", true, "s3://" + stack.output("Bucket"));
    });
  }

  void look_at_functions(unsigned wanted) {
    tried("functions", [&] {
      const std::string prefix = name_ + "-";
      Functions functions(calls_, {});
      const auto there = functions.list(prefix);
      if (there.empty() || there.size() < wanted) {
        add("functions", false,
            fmt::format("{} of {} are there: `gg cloud up` makes them", there.size(), std::max(wanted, 1U)));
        return;
      }
      for (const FunctionState& state : there) {
        if (!state.is_well()) {
          add("functions", false,
              fmt::format("{} is {}: {}; `gg cloud up` mends it", state.name, state.state, state.reason));
          return;
        }
      }
      functions.try_to_invoke(there.front().name);
      add("functions", true, fmt::format("{} of them, and they may be invoked", there.size()));
    });
  }

 private:
  AwsCalls& calls_;
  std::string name_;
  std::vector<Examined> findings_;
};

}  // namespace

std::vector<Examined> examine(AwsCalls& calls, net::aws::Credentials& credentials, const std::string& name,
                              unsigned functions) {
  Examination examination(calls, name);
  const auto secrets = credentials.get({});
  if (!secrets) {
    examination.add("credentials", false, secrets.error().message);
    return examination.take();
  }
  examination.add("credentials", true, "access key " + secrets->access_key);
  if (!examination.look_at_account()) {
    return examination.take();
  }
  examination.look_at_limits();
  if (const auto stack = examination.look_at_stack()) {
    examination.look_at_bucket(*stack);
    examination.look_at_functions(functions);
  }
  return examination.take();
}

}  // namespace cloud
