#include "ir/output_path.hh"

#include "object/tree.hh"

namespace ir {

namespace {

// Takes the first component and the '/' after it off the path.
std::string_view take_component(std::string_view& path) {
  const size_t slash = path.find('/');
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return component;
}

std::string_view first_component(std::string_view path) {
  return take_component(path);
}

}  // namespace

bool is_path_from_root(std::string_view path) {
  return path.empty() || (object::is_output_path(path) && first_component(path) != "..");
}

std::optional<std::string> output_from_root(std::string_view working_directory, std::string_view path) {
  if (!is_path_from_root(working_directory) || !object::is_output_path(path)) {
    return std::nullopt;
  }
  std::string_view left_last;  // the component that the latest ".." left
  while (path.starts_with("../")) {
    if (working_directory.empty()) {
      return std::nullopt;
    }
    const size_t slash = working_directory.rfind('/');
    left_last = working_directory.substr(slash == std::string_view::npos ? 0 : slash + 1);
    working_directory = working_directory.substr(0, slash == std::string_view::npos ? 0 : slash);
    path.remove_prefix(3);
  }
  if (first_component(path) == left_last) {
    return std::nullopt;  // it goes back to where it came from
  }
  return std::string(working_directory) + (working_directory.empty() ? "" : "/") + std::string(path);
}

std::optional<std::string> output_path(std::string_view working_directory, std::string_view from_root) {
  if (!is_path_from_root(working_directory) || !is_path_from_root(from_root)) {
    return std::nullopt;
  }
  while (!working_directory.empty() && first_component(working_directory) == first_component(from_root)) {
    take_component(working_directory);
    take_component(from_root);
  }
  if (from_root.empty()) {
    return std::nullopt;
  }
  std::string path;
  while (!working_directory.empty()) {
    take_component(working_directory);
    path += "../";
  }
  path += from_root;
  return path;
}

}  // namespace ir
