#include "cloud/stack.hh"

#include "base/embedded.hh"
#include "base/quote.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

GG_EMBED(stack_template, STACK_TEMPLATE);

namespace cloud {

namespace {

constexpr const char* kService = "cloudformation";
constexpr const char* kVersion = "2010-05-15";
constexpr const char* kMadeOf = "gg:made-of";

pugi::xml_document parsed(const std::string& text, const char* what) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size())) {
    throw base::OperatorError(fmt::format("CloudFormation answers {} with what is no XML", what));
  }
  return document;
}

bool ends_with_any(const std::string& text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

}  // namespace

std::string_view stack_template() {
  return std::string_view GG_EMBEDDED(stack_template);
}

bool StackState::is_in_progress() const {
  return status.ends_with("_IN_PROGRESS");
}

bool StackState::is_whole() const {
  return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" || status == "UPDATE_ROLLBACK_COMPLETE";
}

bool StackState::is_lost() const {
  return !is_in_progress() && (ends_with_any(status, {"CREATE_FAILED", "DELETE_FAILED"}) ||
                               status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED");
}

const std::string& StackState::output(const std::string& name) const {
  const auto found = outputs.find(name);
  if (found == outputs.end()) {
    throw base::OperatorError(
        "the stack has no output '" + name +
        "': it is not one of gg's, or one of another gg; `gg cloud up` mends the latter");
  }
  return found->second;
}

std::string stack_made_of(const StackSettings& settings) {
  return net::aws::sha256_hex(
      fmt::format("{}\n{} {}", stack_template(), settings.object_days, settings.log_days));
}

std::optional<StackState> Stack::read() {
  std::string text;
  try {
    text = calls_.query(kService, "DescribeStacks", kVersion, {{"StackName", name_}});
  } catch (const CallError& error) {
    // "Stack with id gg does not exist": there is no code of its own for it.
    if (error.code() == "ValidationError" && error.message().find("does not exist") != std::string::npos) {
      return std::nullopt;
    }
    throw;
  }
  const pugi::xml_document document = parsed(text, "DescribeStacks");
  const pugi::xml_node stack =
      document.first_child().child("DescribeStacksResult").child("Stacks").child("member");
  StackState state;
  state.status = stack.child_value("StackStatus");
  state.reason = stack.child_value("StackStatusReason");
  for (const pugi::xml_node output : stack.child("Outputs").children("member")) {
    state.outputs[output.child_value("OutputKey")] = output.child_value("OutputValue");
  }
  for (const pugi::xml_node tag : stack.child("Tags").children("member")) {
    if (tag.child_value("Key") == std::string_view(kMadeOf)) {
      state.made_of = tag.child_value("Value");
    }
  }
  if (state.status.empty() || state.status == "DELETE_COMPLETE") {
    return std::nullopt;
  }
  return state;
}

std::optional<StackState> Stack::settled() {
  const auto begin = std::chrono::steady_clock::now();
  for (auto pause = patience_.first;; pause = std::min(pause * 2, patience_.longest)) {
    auto state = read();
    if (!state || !state->is_in_progress()) {
      return state;
    }
    if (std::chrono::steady_clock::now() - begin > patience_.whole) {
      throw base::OperatorError(
          fmt::format("the stack '{}' is still {}: look at it in the console, then do the same again", name_,
                      state->status));
    }
    static_cast<void>(net::pause(pause, {}));
  }
}

void Stack::ask(const std::string& action, const StackSettings& settings) {
  static_cast<void>(
      calls_.query(kService, action, kVersion,
                   {{"StackName", name_},
                    {"TemplateBody", std::string(stack_template())},
                    {"Capabilities.member.1", "CAPABILITY_IAM"},
                    {"Parameters.member.1.ParameterKey", "ObjectDays"},
                    {"Parameters.member.1.ParameterValue", std::to_string(settings.object_days)},
                    {"Parameters.member.2.ParameterKey", "LogDays"},
                    {"Parameters.member.2.ParameterValue", std::to_string(settings.log_days)},
                    {"Tags.member.1.Key", kMadeOf},
                    {"Tags.member.1.Value", stack_made_of(settings)}}));
}

// The first that failed is the cause; what failed after it was only cancelled.
std::string Stack::first_failure() {
  const pugi::xml_document document = parsed(
      calls_.query(kService, "DescribeStackEvents", kVersion, {{"StackName", name_}}), "DescribeStackEvents");
  std::string why;
  for (const pugi::xml_node event :  // the latest comes first
       document.first_child().child("DescribeStackEventsResult").child("StackEvents").children("member")) {
    const std::string status = event.child_value("ResourceStatus");
    if (status.ends_with("_FAILED")) {
      why = fmt::format("{}: {}", event.child_value("LogicalResourceId"),
                        event.child_value("ResourceStatusReason"));
    }
  }
  return base::printable(why);
}

StackState Stack::put(const StackSettings& settings) {
  auto state = settled();
  if (state && state->is_lost()) {
    remove();
    state = std::nullopt;
  }
  if (state && state->is_whole() && state->made_of == stack_made_of(settings)) {
    return *state;
  }
  try {
    ask(state ? "UpdateStack" : "CreateStack", settings);
  } catch (const CallError& error) {
    if (error.message().find("No updates are to be performed") == std::string::npos) {
      throw;
    }
  }
  auto made = settled();
  if (!made || !made->is_whole() || made->status == "UPDATE_ROLLBACK_COMPLETE") {
    const std::string why = made ? first_failure() : "it is gone";
    throw base::OperatorError(fmt::format("CloudFormation could not make the stack '{}' in {} ({}): {}",
                                          name_, calls_.region(), made ? made->status : "deleted", why));
  }
  return *made;
}

void Stack::remove() {
  if (!settled()) {
    return;
  }
  static_cast<void>(calls_.query(kService, "DeleteStack", kVersion, {{"StackName", name_}}));
  if (const auto left = settled()) {
    throw base::OperatorError(fmt::format("CloudFormation could not delete the stack '{}' in {} ({}): {}",
                                          name_, calls_.region(), left->status, first_failure()));
  }
}

}  // namespace cloud
