#pragma once

#include "base/result.hh"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// What a command line gave the names that templates refer to: options by the spelling that stands first in
// the tool's table, "input", "script".
struct Given {
  std::map<std::string, std::string> values;
  std::vector<std::string> searched;  // directories where inputs are looked for, in order
};

// A file's name made from words of the command line: "{-o|base}.h". Between braces stands the name of a
// value, then filters: dir ("." if it has none), name, stem (name less extension), base (all but the
// extension), below (what is left behind the first searched directory that it is in). A value.
class NameTemplate {
 public:
  // Errors say what is wrong, for the person who wrote it.
  [[nodiscard]] static base::Result<NameTemplate> parse(std::string_view text);

  // The values it refers to.
  [[nodiscard]] std::set<std::string> names() const;

  // Nullopt: one of the values is not given.
  [[nodiscard]] std::optional<std::string> fill(const Given& given) const;

  // The same as a pattern for glob(3), in which what comes from the command line stands for itself alone.
  [[nodiscard]] std::optional<std::string> fill_pattern(const Given& given) const;

 private:
  enum class Filter : unsigned char { Directory, Name, Stem, Base, Below };

  struct Part {
    std::string text;  // as it is, or the value's name
    bool is_value = false;
    std::vector<Filter> filters;
  };

  [[nodiscard]] static base::Result<Part> parse_value(std::string_view text);
  [[nodiscard]] static std::string apply(Filter filter, const std::string& text, const Given& given);
  [[nodiscard]] static std::optional<std::string> value_of(const Part& part, const Given& given);

  std::vector<Part> parts_;
};

}  // namespace model
