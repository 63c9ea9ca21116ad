#include "testing/describe.hh"

#include "base/quote.hh"

#include <variant>

namespace golden {

namespace {

std::string line(const std::string& what, const std::string& value) {
  return what + " " + value + "\n";
}

std::string quoted(const std::string& text) {
  return "'" + base::printable(text) + "'";
}

struct Describe {
  std::string operator()(const object::File& file) const {
    return (file.executable ? "executable file " : "file ") + file.digest.to_string();
  }

  std::string operator()(const object::Subdirectory& directory) const {
    return (directory.owes ? "directory that owes " : "directory ") + directory.digest.to_string();
  }

  std::string operator()(const object::Symlink& link) const { return "symlink to " + quoted(link.target); }

  std::string operator()(const object::Promise& promise) const {
    return "promise of " + quoted(promise.output) + " of " + promise.thunk.to_string();
  }
};

// In the order of the encoding: by kind, then by name.
template <class Map>
std::string describe_entries(const std::string& what, const Map& entries) {
  std::string text;
  for (size_t kind = 0; kind < std::variant_size_v<object::Entry>; ++kind) {
    for (const auto& entry : entries) {
      if (entry.second.index() == kind) {
        text += line(what + " " + quoted(entry.first) + ":", std::visit(Describe{}, entry.second));
      }
    }
  }
  return text;
}

std::string describe_time(const std::string& what, std::chrono::nanoseconds time) {
  return line(what, std::to_string(time.count()) + " ns");
}

}  // namespace

std::string describe(const object::Directory& directory) {
  return describe_entries("entry", directory.entries);
}

std::string describe(const ir::Command& command) {
  std::string text;
  for (const std::string& argument : command.arguments) {
    text += line("argument", quoted(argument));
  }
  for (const auto& variable : command.environment) {
    text += line("environment", quoted(variable.first) + " = " + quoted(variable.second));
  }
  text += line("working directory", quoted(command.working_directory));
  for (const std::string& path : command.output_paths) {
    text += line("output", quoted(path));
  }
  return text;
}

std::string describe(const ir::Thunk& thunk) {
  std::string text = line("command", thunk.command.to_string());
  text += line("input root", thunk.input_root.to_string());
  for (const auto& property : thunk.platform) {
    text += line("platform", quoted(property.first) + " = " + quoted(property.second));
  }
  return text;
}

std::string describe(const ir::Result& result) {
  std::string text = line("exit code", std::to_string(result.exit_code));
  text += describe_entries("output", result.outputs);
  if (result.standard_output) {
    text += line("standard output", result.standard_output->to_string());
  }
  if (result.standard_error) {
    text += line("standard error", result.standard_error->to_string());
  }
  text += describe_time("set up", result.timings.set_up);
  text += describe_time("execute", result.timings.execute);
  text += describe_time("collect", result.timings.collect);
  text += describe_time("user cpu", result.timings.user_cpu);
  text += describe_time("system cpu", result.timings.system_cpu);
  text += line("peak memory", std::to_string(result.timings.peak_memory_bytes) + " bytes");
  if (result.timings.fetch.count() != 0) {
    text += describe_time("fetch", result.timings.fetch);
  }
  if (result.timings.queued.count() != 0) {
    text += describe_time("queued", result.timings.queued);
  }
  if (!result.timings.worker.empty()) {
    text += line("worker", base::printable(result.timings.worker));
  }
  return text;
}

}  // namespace golden
