#include "cli/config_table.hh"

#include <algorithm>

namespace cli {

namespace {

std::string_view without_blanks(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : line.substr(begin);
}

// "[name]", whatever stands behind it.
bool is_header_of(std::string_view line, const std::string& name) {
  return without_blanks(line).starts_with("[" + name + "]");
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
    }
    quoted += byte;
  }
  return quoted + '"';
}

std::string with_table(std::string_view text, const std::string& name, const ConfigLines& lines) {
  std::string table;
  if (!lines.empty()) {
    table = "[" + name + "]\n";
    for (const auto& [key, value] : lines) {
      table += key + " = " + value + "\n";
    }
  }
  std::string result;
  bool is_inside = false;
  bool is_placed = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (is_header_of(line, name)) {
      is_inside = true;
      result += is_placed ? "" : table;
      is_placed = true;
      continue;
    }
    if (is_inside && (line == "\n" || without_blanks(line).starts_with('['))) {
      is_inside = false;
    }
    if (!is_inside) {
      result += line;
    }
  }
  if (!is_placed && !table.empty()) {
    if (!result.empty() && !result.ends_with('\n')) {
      result += '\n';
    }
    result += (result.empty() ? "" : "\n") + table;
  }
  return result;
}

}  // namespace cli
