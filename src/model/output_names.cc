#include "model/output_names.hh"

#include "model/paths.hh"

#include <string_view>

namespace model {

std::string object_path(const GccCommand& command, const Source& source) {
  if (command.output) {
    return *command.output;
  }
  if (command.precompiles) {
    return source.path + ".gch";
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

namespace {

// gcc/coverage.cc and its mangle_path: "/a/../b" is "#a#^#b".
std::string mangled(std::string_view path) {
  std::string name;
  for (;;) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    name += part == ".." ? "^" : part;
    if (slash == std::string_view::npos) {
      return name;
    }
    name += '#';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::vector<std::string> profile_paths(Driver driver, const GccCommand& command, const Source& source,
                                       const std::vector<std::string>& directories) {
  const std::string& place = command.profile;
  if (is_clang(driver)) {
    return place.empty() ? std::vector<std::string>{"default.profdata"}
                         : std::vector{place, place + "/default.profdata"};
  }
  // gcc/coverage.cc, coverage_init: below a folder that is given, the whole path of the object is one name.
  const std::string name = beside_path(command, source, ".gcda");
  if (place.empty()) {
    return {name};
  }
  std::vector<std::string> paths = {place, place + "/" + name};
  for (const std::string& directory : directories) {
    paths.push_back(place + "/" + mangled(absolute(directory, name)));
  }
  return paths;
}

std::string depfile_path(const GccCommand& command, const Source& source) {
  return command.dependencies.path.empty() ? beside_path(command, source, ".d") : command.dependencies.path;
}

}  // namespace model
