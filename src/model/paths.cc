#include "model/paths.hh"

#include "base/files.hh"

namespace model {

std::string absolute(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) {
    return std::string(path);
  }
  std::string joined(directory);
  if (!joined.ends_with('/')) {
    joined += '/';
  }
  return joined.append(path);
}

std::string parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return "";
  }
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string_view base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view extension(std::string_view path) {
  const std::string_view name = base_name(path);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot);
}

std::string_view stem(std::string_view path) {
  const std::string_view name = base_name(path);
  return name.substr(0, name.size() - extension(path).size());
}

std::string relative_to(std::string_view directory, std::string_view path) {
  std::string up;
  while (directory.size() > 1 &&
         !(path.starts_with(directory) && path.size() > directory.size() && path[directory.size()] == '/')) {
    up += "../";
    const size_t slash = directory.rfind('/');
    directory = directory.substr(0, slash == 0 ? 1 : slash);
  }
  path.remove_prefix(directory.size() > 1 ? directory.size() + 1 : 1);
  return up.append(path);
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t colon = list.find(':');
    parts.emplace_back(list.substr(0, colon));
    list.remove_prefix(colon == std::string_view::npos ? list.size() : colon + 1);
  }
  return parts;
}

bool is_stream(std::string_view path) {
  return path == "-" || (base::is_below_dev(path) && path != kNowhere);
}

}  // namespace model
