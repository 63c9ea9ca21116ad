#include "model/scan/depfile.hh"

#include <algorithm>
#include <set>

namespace model::scan {
namespace {

// For make: a space wants a backslash, and backslashes before it want to be doubled.
std::string quote_gcc(std::string_view name) {
  if (name.find_first_of(" \t#$") == std::string_view::npos) {
    return std::string(name);
  }
  std::string quoted;
  size_t backslashes = 0;
  for (const char c : name) {
    if (c == ' ' || c == '\t') {
      quoted.append(backslashes + 1, '\\');
    } else if (c == '#') {
      quoted += '\\';
    } else if (c == '$') {
      quoted += '$';
    }
    backslashes = c == '\\' ? backslashes + 1 : 0;
    quoted += c;
  }
  return quoted;
}

// clang takes a lone backslash for a separator and doubles those before a space.
std::string quote_clang(std::string_view spelled) {
  std::string name(spelled);
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\') {
      if (i + 1 < name.size() && name[i + 1] == '\\') {
        ++i;
      } else {
        name[i] = '/';
      }
    }
  }
  std::string quoted;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '#') {
      quoted += '\\';
    } else if (name[i] == ' ') {
      quoted += '\\';
      for (size_t j = i; j > 0 && name[j - 1] == '\\'; --j) {
        quoted += '\\';
      }
    } else if (name[i] == '$') {
      quoted += '$';
    }
    quoted += name[i];
  }
  return quoted;
}

// The driver's, for -MQ and targets of its own.
std::string quote_clang_target(std::string_view name) {
  std::string quoted;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == ' ' || name[i] == '\t') {
      for (size_t j = i; j > 0 && name[j - 1] == '\\'; --j) {
        quoted += '\\';
      }
      quoted += '\\';
    } else if (name[i] == '$') {
      quoted += '$';
    } else if (name[i] == '#') {
      quoted += '\\';
    }
    quoted += name[i];
  }
  return quoted;
}

std::string_view without_leading_dots(std::string_view path) {
  while (path.starts_with("./")) {
    path.remove_prefix(2);
    while (path.starts_with('/')) {
      path.remove_prefix(1);
    }
  }
  return path;
}

std::string gcc_depfile(const std::vector<DepfileTarget>& targets, const std::vector<std::string_view>& names,
                        bool phony) {
  constexpr size_t kColumns = 72;
  std::string out;
  size_t column = 0;
  const auto write = [&](const std::string& name) {
    if (column != 0) {
      if (column + name.size() > kColumns) {
        out += " \\\n";
        column = 0;
      }
      out += ' ';
      ++column;
    }
    out += name;
    column += name.size();
  };
  // Unquoted ones come first, each put where the first quoted one stood, which goes to the end.
  std::vector<DepfileTarget> order;
  size_t unquoted = 0;
  for (const DepfileTarget& target : targets) {
    order.push_back({std::string(without_leading_dots(target.name)), target.quote});
    if (!target.quote) {
      std::swap(order[unquoted++], order.back());
    }
  }
  for (const DepfileTarget& target : order) {
    write(target.quote ? quote_gcc(target.name) : target.name);
  }
  out += ':';
  ++column;
  for (const std::string_view name : names) {
    write(quote_gcc(name));
  }
  out += '\n';
  for (size_t i = 1; phony && i < names.size(); ++i) {
    out += quote_gcc(names[i]) + ":\n";
  }
  return out;
}

std::string clang_depfile(const std::vector<DepfileTarget>& targets,
                          const std::vector<std::string_view>& names, bool phony) {
  constexpr size_t kColumns = 75;
  std::string out;
  size_t column = 0;
  for (const DepfileTarget& target : targets) {
    const std::string name = target.quote ? quote_clang_target(target.name) : target.name;
    if (column == 0) {
      column += name.size();
    } else if (column + name.size() + 2 > kColumns) {
      column = name.size() + 2;
      out += " \\\n  ";
    } else {
      column += name.size() + 1;
      out += ' ';
    }
    out += name;
  }
  out += ':';
  ++column;
  for (const std::string_view name : names) {
    // Room for a trailing " \" must be left; the width is that of the name before quoting.
    if (column + name.size() + 1 + 2 > kColumns) {
      out += " \\\n ";
      column = 2;
    }
    out += ' ' + quote_clang(name);
    column += name.size() + 1;
  }
  out += '\n';
  for (size_t i = 1; phony && i < names.size(); ++i) {
    out += '\n' + quote_clang(names[i]) + ":\n";
  }
  return out;
}

}  // namespace

std::string format_depfile(Flavour flavour, const std::vector<DepfileTarget>& targets,
                           const std::vector<Dependency>& dependencies, const DepfileOptions& options) {
  std::vector<std::string_view> names;
  std::set<std::string_view> seen;
  for (const Dependency& dependency : dependencies) {
    const bool wanted = options.system_headers || !dependency.system;
    // clang names each file once, gcc each header it found in its own way.
    if (wanted && (flavour == Flavour::Gcc || seen.insert(dependency.path).second)) {
      names.push_back(dependency.path);
    }
  }
  return flavour == Flavour::Gcc ? gcc_depfile(targets, names, options.phony_targets)
                                 : clang_depfile(targets, names, options.phony_targets);
}

std::string default_target(std::string_view main_file) {
  std::string name(main_file.substr(main_file.rfind('/') + 1));
  const size_t dot = name.rfind('.');
  return name.substr(0, dot) + ".o";
}

}  // namespace model::scan
