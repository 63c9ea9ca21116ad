#include "model/name_template.hh"

#include "model/folders.hh"
#include "model/paths.hh"

namespace model {

namespace {

std::string without_extension(const std::string& path) {
  return path.substr(0, path.size() - extension(path).size());
}

// "a/./b" and "./a" are how people and generators of makefiles write "a/b" and "a".
std::string_view without_dot(std::string_view path) {
  while (path.starts_with("./")) {
    path.remove_prefix(path.find_first_not_of('/', 1) == std::string_view::npos
                           ? path.size()
                           : path.find_first_not_of('/', 1));
  }
  return path;
}

std::string below(const std::string& path, const std::vector<std::string>& directories) {
  const std::string_view plain = without_dot(path);
  for (const std::string& directory : directories) {
    std::string_view prefix = without_dot(directory);
    while (prefix.ends_with('/')) {
      prefix.remove_suffix(1);
    }
    if (prefix.empty() || prefix == ".") {
      if (!plain.starts_with('/')) {
        return std::string(plain);
      }
    } else if (plain.starts_with(prefix) && plain.substr(prefix.size()).starts_with('/')) {
      return std::string(plain.substr(prefix.size() + 1));
    }
  }
  return path;
}

}  // namespace

base::Result<NameTemplate::Part> NameTemplate::parse_value(std::string_view text) {
  static const std::map<std::string_view, Filter> known{{"dir", Filter::Directory},
                                                        {"name", Filter::Name},
                                                        {"stem", Filter::Stem},
                                                        {"base", Filter::Base},
                                                        {"below", Filter::Below}};
  Part part;
  part.is_value = true;
  part.text = text.substr(0, text.find('|'));
  while (text.find('|') != std::string_view::npos) {
    text.remove_prefix(text.find('|') + 1);
    const auto found = known.find(text.substr(0, text.find('|')));
    if (found == known.end()) {
      return base::failure("no filter '" + std::string(text.substr(0, text.find('|'))) +
                           "': there are dir, name, stem, base and below");
    }
    part.filters.push_back(found->second);
  }
  return part;
}

base::Result<NameTemplate> NameTemplate::parse(std::string_view text) {
  NameTemplate made;
  while (!text.empty()) {
    const size_t open = text.find('{');
    if (open != 0) {
      made.parts_.push_back({std::string(text.substr(0, open)), false, {}});
    }
    if (open == std::string_view::npos) {
      break;
    }
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return base::failure("'{' without '}'");
    }
    auto part = parse_value(text.substr(open + 1, close - open - 1));
    if (!part) {
      return tl::unexpected(part.error());
    }
    made.parts_.push_back(*std::move(part));
    text.remove_prefix(close + 1);
  }
  return made;
}

std::set<std::string> NameTemplate::names() const {
  std::set<std::string> all;
  for (const Part& part : parts_) {
    if (part.is_value) {
      all.insert(part.text);
    }
  }
  return all;
}

std::string NameTemplate::apply(Filter filter, const std::string& text, const Given& given) {
  switch (filter) {
    case Filter::Directory: {
      const std::string parent = parent_of(text);
      return parent.empty() ? "." : parent;
    }
    case Filter::Name:
      return std::string(base_name(text));
    case Filter::Stem:
      return std::string(stem(text));
    case Filter::Base:
      return without_extension(text);
    case Filter::Below:
      return below(text, given.searched);
  }
  return text;
}

std::optional<std::string> NameTemplate::value_of(const Part& part, const Given& given) {
  if (!part.is_value) {
    return part.text;
  }
  const auto found = given.values.find(part.text);
  if (found == given.values.end()) {
    return std::nullopt;
  }
  std::string value = found->second;
  for (const Filter filter : part.filters) {
    value = apply(filter, value, given);
  }
  return value;
}

std::optional<std::string> NameTemplate::fill(const Given& given) const {
  std::string name;
  for (const Part& part : parts_) {
    const auto value = value_of(part, given);
    if (!value) {
      return std::nullopt;
    }
    name += *value;
  }
  return name;
}

std::optional<std::string> NameTemplate::fill_pattern(const Given& given) const {
  std::string pattern;
  for (const Part& part : parts_) {
    const auto value = value_of(part, given);
    if (!value) {
      return std::nullopt;
    }
    pattern += part.is_value ? literal_for_glob(*value) : *value;
  }
  return pattern;
}

}  // namespace model
