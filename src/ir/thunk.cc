#include "ir/thunk.hh"

#include "object/hash.hh"
#include "object/wire.hh"

#include <algorithm>

#include "gg/v1/thunk.pb.h"

namespace ir {

namespace {

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

std::string problem_with(const Command& command) {
  if (command.arguments.empty()) {
    return "no arguments";
  }
  if (std::any_of(command.arguments.begin(), command.arguments.end(), has_nul)) {
    return "an argument holds NUL";
  }
  for (const auto& variable : command.environment) {
    if (variable.first.empty() || variable.first.find('=') != std::string::npos || has_nul(variable.first) ||
        has_nul(variable.second)) {
      return "an environment variable that no process can have";
    }
  }
  if (command.working_directory.starts_with('/') || has_nul(command.working_directory)) {
    return "the working directory is not relative to the input root";
  }
  for (const std::string& path : command.output_paths) {
    if (path.empty() || path.starts_with('/') || has_nul(path)) {
      return "an output path is not relative to the working directory";
    }
  }
  return "";
}

}  // namespace

std::string encode(const Command& command) {
  gg::v1::Command message;
  for (const std::string& argument : command.arguments) {
    message.add_arguments(argument);
  }
  for (const auto& variable : command.environment) {
    auto* entry = message.add_environment_variables();
    entry->set_name(variable.first);
    entry->set_value(variable.second);
  }
  message.set_working_directory(command.working_directory);
  for (const std::string& path : command.output_paths) {
    message.add_output_paths(path);
  }
  return object::canonical_bytes(message);
}

std::string encode(const Thunk& thunk) {
  gg::v1::Action message;
  object::to_wire(thunk.command, *message.mutable_command_digest());
  object::to_wire(thunk.input_root, *message.mutable_input_root_digest());
  if (!thunk.platform.empty()) {
    auto* platform = message.mutable_platform();
    for (const auto& property : thunk.platform) {
      auto* entry = platform->add_properties();
      entry->set_name(property.first);
      entry->set_value(property.second);
    }
  }
  return object::canonical_bytes(message);
}

base::Result<Command> decode_command(std::string_view bytes) {
  gg::v1::Command message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::failure("not a command object: no such message");
  }
  Command command;
  command.arguments.assign(message.arguments().begin(), message.arguments().end());
  for (const auto& entry : message.environment_variables()) {
    command.environment.emplace(entry.name(), entry.value());
  }
  command.working_directory = message.working_directory();
  command.output_paths.assign(message.output_paths().begin(), message.output_paths().end());
  const bool sorted = std::adjacent_find(command.output_paths.begin(), command.output_paths.end(),
                                         std::greater_equal<>()) == command.output_paths.end();
  const std::string problem = sorted ? problem_with(command) : "its output paths are not sorted";
  if (!problem.empty()) {
    return base::failure("not a command object: " + problem);
  }
  if (encode(command) != bytes) {
    return base::failure("not a command object: not in canonical form");
  }
  return command;
}

base::Result<Thunk> decode_thunk(std::string_view bytes) {
  gg::v1::Action message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::failure("not a thunk object: no such message");
  }
  const auto command = object::from_wire(message.command_digest());
  const auto input_root = object::from_wire(message.input_root_digest());
  if (!command || !input_root) {
    return base::failure("not a thunk object: no proper digest of its command or its input root");
  }
  Thunk thunk{*command, *input_root, {}};
  for (const auto& property : message.platform().properties()) {
    thunk.platform.emplace(property.name(), property.value());
  }
  if (encode(thunk) != bytes) {
    return base::failure("not a thunk object: not in canonical form");
  }
  return thunk;
}

object::Digest name_of(const Thunk& thunk) {
  return object::hash(encode(thunk));
}

}  // namespace ir
