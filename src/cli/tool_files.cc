#include "cli/tool_files.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "cli/toml_text.hh"
#include "model/folders.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace cli {

namespace {

using model::DescribedOption;
using model::DescribedOutput;
using model::DescribedTool;
using model::Does;
using model::Takes;

// One [[tool]] of one file.
class ToolReader {
 public:
  ToolReader(const std::string& file, const std::string& root, const toml::table& table)
      : file_(file), table_(table) {
    tool_.root = root;
  }

  DescribedTool read() {
    using Key = std::pair<const char*, std::function<void(const toml::node&)>>;
    const auto list_into = [this](std::vector<std::string> DescribedTool::*member) {
      return [this, member](const toml::node& node) { tool_.*member = strings(node); };
    };
    // Options first: what follows refers to them.
    const std::vector<Key> keys{
        {"program", [this](const toml::node& node) { read_program(node); }},
        {"options", [this](const toml::node& node) { read_options(node); }},
        {"script", [this](const toml::node& node) { tool_.script = string(node); }},
        {"words", [this](const toml::node& node) { read_words(node); }},
        {"needs", [this](const toml::node& node) { tool_.needed_options = names(node); }},
        {"outputs", [this](const toml::node& node) { read_outputs(node); }},
        {"files", [this](const toml::node& node) { read_files(node); }},
        {"search-files", list_into(&DescribedTool::search_files)},
        {"not-with-text", list_into(&DescribedTool::declined_text)},
        {"runs", list_into(&DescribedTool::runs)},
        {"environment", list_into(&DescribedTool::environment)},
        {"set", [this](const toml::node& node) { read_set(node); }},
        {"sure", [this](const toml::node& node) { tool_.sure = boolean(node); }}};
    for (const auto& [name, node] : table_) {
      if (std::none_of(keys.begin(), keys.end(),
                       [&name = name](const Key& key) { return key.first == name.str(); })) {
        wrong(node, "unknown key '" + std::string(name.str()) + "' (docs/models.md lists them)");
      }
    }
    for (const Key& key : keys) {
      if (const toml::node* node = table_.get(key.first)) {
        key.second(*node);
      }
    }
    if (tool_.programs.empty()) {
      wrong(table_, "a [[tool]] wants a 'program': the name it is called by");
    }
    return std::move(tool_);
  }

 private:
  [[noreturn]] void wrong(const toml::node& where, const std::string& why) const {
    refuse(file_, where, why);
  }

  // ---- values

  [[nodiscard]] std::string string(const toml::node& node) const {
    const auto value = node.value_exact<std::string>();
    if (!value) {
      wrong(node, "a string is wanted here");
    }
    if (value->empty() || value->find('\0') != std::string::npos) {
      wrong(node, "an empty string, or one with a NUL, means nothing here");
    }
    return *value;
  }

  [[nodiscard]] bool boolean(const toml::node& node) const {
    const auto value = node.value_exact<bool>();
    if (!value) {
      wrong(node, "true or false is wanted here");
    }
    return *value;
  }

  [[nodiscard]] const toml::table& table(const toml::node& node) const {
    if (!node.is_table()) {
      wrong(node, "a table is wanted here");
    }
    return *node.as_table();
  }

  // A list, or one alone.
  void each(const toml::node& node, const std::function<void(const toml::node&)>& use) const {
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& item : *list) {
        use(item);
      }
    } else {
      use(node);
    }
  }

  [[nodiscard]] std::vector<std::string> strings(const toml::node& node) const {
    std::vector<std::string> all;
    each(node, [&](const toml::node& item) { all.push_back(string(item)); });
    return all;
  }

  // ---- keys

  void read_program(const toml::node& node) {
    each(node, [this](const toml::node& item) {
      const std::string name = string(item);
      if (name.find('/') != std::string::npos) {
        wrong(item, "'" + name + "' is a path: a program is described by its name, and found along PATH");
      }
      if (model::tool_called(name)) {
        wrong(item, "gg has a model of its own for '" + name + "', which cannot be replaced");
      }
      tool_.programs.push_back(name);
    });
  }

  void read_words(const toml::node& node) {
    static const std::map<std::string, model::DescribedWord, std::less<>> roles{
        {"input", model::DescribedWord::Input},
        {"output", model::DescribedWord::Output},
        {"text", model::DescribedWord::Neutral}};
    each(node, [this](const toml::node& item) {
      std::string role = string(item);
      if (tool_.last_word_repeats) {
        wrong(item, "nothing can follow a word with '...'");
      }
      if (role.ends_with("...")) {
        tool_.last_word_repeats = true;
        role.resize(role.size() - 3);
      }
      const auto found = roles.find(role);
      if (found == roles.end()) {
        wrong(item, "no '" + role + "': a word is input, output or text; the last one may end in '...'");
      }
      tool_.words.push_back(found->second);
    });
  }

  void read_options(const toml::node& node) {
    static const std::map<std::string, Does, std::less<>> kinds{
        {"flag", Does::Neutral},      {"value", Does::Neutral},          {"input", Does::ReadsFile},
        {"output", Does::WritesFile}, {"search", Does::SearchDirectory}, {"program", Does::RunsProgram},
        {"decline", Does::Declines}};
    for (const auto& [key, list] : table(node)) {
      const std::string kind(key.str());
      const auto does = kinds.find(kind);
      if (does == kinds.end()) {
        wrong(list, "no kind of options is called '" + kind +
                        "': there are flag, value, input, output, search, program and decline");
      }
      each(list, [&](const toml::node& item) {
        add_option(item, does->second, kind == "flag" || kind == "decline");
      });
    }
  }

  // "-o, --output": one option; the name that counts is the first.
  void add_option(const toml::node& node, Does does, bool is_flag) {
    std::string rest = string(node);
    std::string name;
    for (bool more = true; more;) {
      const size_t comma = rest.find(", ");
      more = comma != std::string::npos;
      const std::string written = rest.substr(0, comma);
      rest.erase(0, more ? comma + 2 : 0);
      const std::string spelling = written.substr(0, written.find_first_of("* "));
      if (spelling.size() < 2 || spelling[0] != '-') {
        wrong(node, "'" + written + "' is no option: it has to begin with '-'");
      }
      name = name.empty() ? spelling : name;
      add_spellings(node, {name, spelling, Takes::Nothing, does}, written.substr(spelling.size()), is_flag);
    }
  }

  void add_spellings(const toml::node& node, DescribedOption option, const std::string& mark, bool is_flag) {
    const std::string spelling = option.spelling;
    const bool one_letter = spelling.size() == 2;
    const auto add = [&](const std::string& as, Takes takes) {
      option.spelling = as;
      option.takes = takes;
      if (!spellings_.insert(as).second) {
        wrong(node, "'" + as + "' stands twice");
      }
      tool_.options.push_back(option);
    };
    names_.insert(option.name);
    if (mark == "*" || (!is_flag && spelling.ends_with('='))) {
      add(spelling, Takes::Joined);
    } else if (is_flag) {
      if (!mark.empty()) {
        wrong(node, "a flag takes no value: '" + spelling + "*' is one with whatever follows");
      }
      add(spelling, Takes::Nothing);
    } else if (!mark.empty()) {
      add(spelling, Takes::Separate);
    } else if (one_letter) {
      add(spelling, Takes::Either);
    } else {
      add(spelling, Takes::Separate);
      add(spelling + "=", Takes::Joined);
    }
  }

  [[nodiscard]] std::vector<std::string> names(const toml::node& node) const {
    std::vector<std::string> all;
    each(node, [&](const toml::node& item) {
      all.push_back(string(item));
      check_name(item, all.back());
    });
    return all;
  }

  void check_name(const toml::node& node, const std::string& name) const {
    if (!names_.contains(name)) {
      wrong(node, "'" + name + "' is the first spelling of no option in this [[tool]]");
    }
  }

  [[nodiscard]] model::NameTemplate name_template(const toml::node& node, const std::string& text) const {
    auto parsed = model::NameTemplate::parse(text);
    if (!parsed) {
      wrong(node, parsed.error().message);
    }
    for (const std::string& name : parsed->names()) {
      if (name != "input" && name != "script" && name != "root") {
        check_name(node, name);
      }
    }
    return *std::move(parsed);
  }

  void read_outputs(const toml::node& node) {
    each(node, [this](const toml::node& item) {
      DescribedOutput output;
      if (item.is_table()) {
        read_output_table(item, output);
      } else {
        output.path = name_template(item, string(item));
      }
      tool_.outputs.push_back(std::move(output));
    });
  }

  void read_output_table(const toml::node& node, DescribedOutput& output) const {
    bool has_path = false;
    for (const auto& [key, value] : table(node)) {
      if (key == "path") {
        output.path = name_template(value, string(value));
        has_path = true;
      } else if (key == "when") {
        output.when = names(value);
      } else if (key == "unless") {
        output.unless = names(value);
      } else if (key == "perhaps") {
        output.perhaps = boolean(value);
      } else {
        wrong(value, "an output has path, when, unless and perhaps; no '" + std::string(key.str()) + "'");
      }
    }
    if (!has_path) {
      wrong(node, "an output wants a path");
    }
  }

  void read_files(const toml::node& node) {
    each(node, [this](const toml::node& item) {
      const std::string path = string(item);
      const bool whole = path[0] == '/' || path[0] == '{';
      tool_.files.push_back(name_template(item, whole ? path : "{root}/" + path));
    });
  }

  void read_set(const toml::node& node) {
    for (const auto& [key, value] : table(node)) {
      const auto text = value.value_exact<std::string>();
      if (!text || key.str().empty() || key.str().find('=') != std::string_view::npos) {
        wrong(value, "'set' holds names of variables and strings: NAME = \"value\"");
      }
      tool_.set.emplace(key.str(), *text);
    }
  }

  const std::string& file_;
  const toml::table& table_;
  DescribedTool tool_;
  std::set<std::string> spellings_;
  std::set<std::string> names_;
};

void read_tool_file(const std::string& file, const std::string& root, std::vector<DescribedTool>& tools) {
  const auto text = base::read_file_if_there(file);
  if (!text) {
    throw base::OperatorError("no file '" + file + "' that describes a tool");
  }
  const toml::table table = parse_toml(*text, file);
  for (const auto& [key, node] : table) {
    const toml::array* list = key == "tool" ? node.as_array() : nullptr;
    if (list == nullptr || !list->is_homogeneous<toml::table>()) {
      refuse(file, node, "a file that describes tools holds [[tool]] tables and nothing else");
    }
    for (const toml::node& item : *list) {
      tools.push_back(ToolReader(file, root, *item.as_table()).read());
    }
  }
}

}  // namespace

std::vector<DescribedTool> read_tool_files(const Settings& settings, const std::string& directory) {
  std::vector<DescribedTool> tools;
  for (const std::string& file : settings.tool_files) {
    const std::string path = model::absolute(directory, file);
    read_tool_file(path, model::parent_of(path), tools);
  }
  for (const std::string& file : model::files_called(directory + "/.gg/tools", {"*.toml"})) {
    read_tool_file(file, directory, tools);
  }
  for (const std::string& file : model::files_called(settings.tools, {"*.toml"})) {
    read_tool_file(file, settings.tools, tools);
  }
  return tools;
}

std::string project_around(const std::string& directory) {
  struct stat status {};

  for (std::string folder = directory; !folder.empty() && folder != "/"; folder = model::parent_of(folder)) {
    if (::stat((folder + "/.gg/tools").c_str(), &status) == 0 && status.st_uid == ::geteuid()) {
      return folder;
    }
  }
  return directory;
}

}  // namespace cli
