#include "model/output_names.hh"

#include "model/paths.hh"

namespace model {

std::string object_path(const GccCommand& command, const Source& source) {
  if (command.output) {
    return *command.output;
  }
  const bool assembly = command.goal == GccCommand::Goal::Assembly;
  const char* const suffix = command.bitcode ? (assembly ? ".ll" : ".bc") : (assembly ? ".s" : ".o");
  return std::string(stem(source.path)) + suffix;
}

std::string beside_path(const GccCommand& command, const Source& source, const std::string& suffix) {
  if (command.output) {
    const std::string& output = *command.output;
    return output.substr(0, output.size() - extension(output).size()) + suffix;
  }
  return std::string(stem(source.path)) + suffix;
}

std::string depfile_path(const GccCommand& command, const Source& source) {
  return command.dependencies.path.empty() ? beside_path(command, source, ".d") : command.dependencies.path;
}

}  // namespace model
