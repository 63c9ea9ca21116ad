#include "ir/thunk.hh"

#include "base/quote.hh"
#include "ir/output_path.hh"
#include "object/hash.hh"
#include "object/wire.hh"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "gg/v1/thunk.pb.h"

namespace ir {

namespace {

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

base::Result<void> check_words(const Command& command) {
  if (command.arguments.empty() || command.arguments.front().empty()) {
    return base::failure("there is no program in its arguments");
  }
  if (std::any_of(command.arguments.begin(), command.arguments.end(), has_nul)) {
    return base::failure("an argument holds NUL");
  }
  for (const auto& variable : command.environment) {
    if (variable.first.empty() || variable.first.find('=') != std::string::npos || has_nul(variable.first) ||
        has_nul(variable.second)) {
      return base::failure("no process can have the environment variable '" +
                           base::printable(variable.first) + "'");
    }
  }
  return {};
}

// Sorted by path from the root, what stands inside another follows it, but for names with bytes below '/' in
// between; with a '/' at the end of each they cannot come between.
base::Result<void> check_apart(std::vector<std::string> from_root) {
  std::sort(from_root.begin(), from_root.end());
  for (size_t i = 1; i < from_root.size(); ++i) {
    if (from_root[i].starts_with(from_root[i - 1])) {
      return base::failure("output '" + base::printable(from_root[i]) + "' stands inside output '" +
                           base::printable(from_root[i - 1]) + "'");
    }
  }
  return {};
}

base::Result<void> check_outputs(const Command& command) {
  std::vector<std::string> from_root;
  for (const std::string& path : command.output_paths) {
    auto whole = output_from_root(command.working_directory, path);
    if (!whole) {
      return base::failure("output path '" + base::printable(path) + "' is no proper path from '/" +
                           base::printable(command.working_directory) + "'");
    }
    from_root.push_back(*std::move(whole) + "/");
  }
  if (std::adjacent_find(command.output_paths.begin(), command.output_paths.end(), std::greater_equal<>()) !=
      command.output_paths.end()) {
    return base::failure("its output paths are not sorted, each once");
  }
  return check_apart(std::move(from_root));
}

template <class Value>
void require_fit(const Value& value, const char* what) {
  if (const auto fit = check(value); !fit) {
    throw std::logic_error("cannot encode a " + std::string(what) + ": " + fit.error().message);
  }
}

}  // namespace

base::Result<void> check(const Command& command) {
  if (auto fit = check_words(command); !fit) {
    return fit;
  }
  if (!is_path_from_root(command.working_directory)) {
    return base::failure("its working directory '" + base::printable(command.working_directory) +
                         "' is no proper path from the input root");
  }
  return check_outputs(command);
}

base::Result<void> check(const Thunk& thunk) {
  for (const object::Digest& digest : {thunk.command, thunk.input_root}) {
    if (const std::string_view problem = object::problem_with(digest); !problem.empty()) {
      return base::failure("its command or input root: " + std::string(problem));
    }
  }
  for (const auto& property : thunk.platform) {
    if (property.first.empty()) {
      return base::failure("a platform property has no name");
    }
  }
  return {};
}

std::string encode(const Command& command) {
  require_fit(command, "command");
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
  require_fit(thunk, "thunk");
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
  if (!object::parse(bytes, message)) {
    return base::failure("not a command object: no such message");
  }
  Command command;
  command.arguments.assign(message.arguments().begin(), message.arguments().end());
  for (const auto& entry : message.environment_variables()) {
    command.environment.emplace(entry.name(), entry.value());
  }
  command.working_directory = message.working_directory();
  command.output_paths.assign(message.output_paths().begin(), message.output_paths().end());
  if (const auto fit = check(command); !fit) {
    return base::failure("not a command object: " + fit.error().message);
  }
  if (encode(command) != bytes) {
    return base::failure("not a command object: not in canonical form");
  }
  return command;
}

base::Result<Thunk> decode_thunk(std::string_view bytes) {
  gg::v1::Action message;
  if (!object::parse(bytes, message)) {
    return base::failure("not a thunk object: no such message");
  }
  Thunk thunk{
      object::from_wire(message.command_digest()), object::from_wire(message.input_root_digest()), {}};
  for (const auto& property : message.platform().properties()) {
    thunk.platform.emplace(property.name(), property.value());
  }
  if (const auto fit = check(thunk); !fit) {
    return base::failure("not a thunk object: " + fit.error().message);
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
