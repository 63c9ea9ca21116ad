#include "cli/toml_text.hh"

#include "base/errors.hh"

namespace cli {

namespace {

[[noreturn]] void refuse_at(const std::string& file, const toml::source_region& where,
                            const std::string& why) {
  throw base::OperatorError(file + ":" + std::to_string(where.begin.line) + ": " + why);
}

}  // namespace

void refuse(const std::string& file, const toml::node& where, const std::string& why) {
  refuse_at(file, where.source(), why);
}

toml::table parse_toml(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    refuse_at(file, error.source(),
              std::string(error.description()) + " (the file has to be TOML, in UTF-8)");
  }
}

}  // namespace cli
