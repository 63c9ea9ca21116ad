#include "exec/paths.hh"

#include "base/quote.hh"

#include <vector>

namespace exec {

namespace {

bool append(std::vector<std::string_view>& parts, std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part == "..") {
      if (parts.empty()) {
        return false;
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> below_root(std::string_view working_directory, std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.substr(0, 1) == "/" || !append(parts, working_directory) || !append(parts, path)) {
    return std::nullopt;
  }
  std::string result;
  for (const std::string_view part : parts) {
    result += result.empty() ? "" : "/";
    result += part;
  }
  return result;
}

std::string parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

bool is_at_or_below(std::string_view path, std::string_view top) {
  return top.empty() || (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'));
}

base::Result<std::map<std::string, std::string>> output_places(const ir::Command& command) {
  std::map<std::string, std::string> places;
  for (const std::string& output : command.output_paths) {
    std::optional<std::string> place = below_root(command.working_directory, output);
    if (!place) {
      return base::failure("the output path " + base::shell_quoted(output) + " leads out of the root",
                           base::FailureKind::Deterministic);
    }
    places.emplace(output, std::move(*place));
  }
  return places;
}

}  // namespace exec
