#include "model/described_model.hh"

#include "base/files.hh"
#include "base/program_path.hh"
#include "model/archive.hh"
#include "model/driver_questions.hh"
#include "model/environment.hh"
#include "model/folders.hh"
#include "model/look.hh"
#include "model/paths.hh"
#include "model/step.hh"
#include "model/view_files.hh"

#include <algorithm>
#include <set>

namespace model {

namespace {

// The first word that is no option: an interpreter's script.
std::string script_of(const std::vector<std::string>& argv) {
  const auto found = std::find_if(argv.begin() + 1, argv.end(),
                                  [](const std::string& word) { return !word.starts_with('-'); });
  return found == argv.end() ? "" : *found;
}

// "tools/gen.py" names it by its end, so that it fits wherever the build stands.
bool is_script(const std::string& pattern, const std::string& word) {
  return !word.empty() && fits_any({pattern, "*/" + pattern}, word);
}

// What env(1) in a "#!" line would look for along PATH; "" for all others.
std::string program_behind_env(const std::string& path) {
  if (!magic_of(path).value_or("").starts_with("#!")) {
    return "";
  }
  const std::string text = base::read_file(path);
  const std::string line = text.substr(0, text.find('\n'));
  std::vector<std::string> words;
  for (size_t at = 2; (at = line.find_first_not_of(" \t", at)) < line.size();) {
    const size_t end = std::min(line.find_first_of(" \t", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  size_t at = 1;
  while (at < words.size() && (words[at].starts_with('-') || words[at].find('=') != std::string::npos)) {
    ++at;
  }
  return at < words.size() && base_name(words[0]) == "env" ? words[at] : "";
}

}  // namespace

// The options as a table, whose spellings lie in the description beside it.
struct DescribedModel::Compiled {
  explicit Compiled(DescribedTool given) : tool(std::move(given)) {
    for (const DescribedOption& option : tool.options) {
      table.push_back({option.spelling, option.takes, option.does, "declined-option"});
    }
  }

  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  [[nodiscard]] const DescribedOption& described(const Option& option) const {
    return tool.options[static_cast<size_t>(&option - table.data())];
  }

  const DescribedTool tool;
  std::vector<Option> table;
};

// One command of a described tool, from its words to a thunk.
class DescribedModel::Reading {
 public:
  Reading(DescribedModel& model, const Compiled& compiled, const Invocation& invocation)
      : model_(model), compiled_(compiled), tool_(compiled.tool), invocation_(invocation) {
    given_.values["root"] = tool_.root;
  }

  base::Result<Inference> infer() {
    auto declined = read_words();
    if (!declined) {
      declined = check();
    }
    if (declined) {
      return Inference(*std::move(declined));
    }
    const auto programs = find_programs();
    if (const auto* missing = std::get_if<Declined>(&programs)) {
      return Inference(*missing);
    }
    auto environment = thunk_environment_of(std::get<0>(programs));
    if (const auto* refused = std::get_if<Declined>(&environment)) {
      return Inference(*refused);
    }
    Step step(model_.view_, model_.builder_, invocation_, std::get<0>(environment));
    auto answer = add_inputs(step);
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    if (*answer) {
      return **std::move(answer);
    }
    for (const std::string& program : std::get<0>(programs)) {
      step.use(*model_.toolchains_.plain_program(program));
    }
    if (auto refused = add_outputs(step)) {
      return Inference(*std::move(refused));
    }
    step.require_exact_outputs();
    if (!tool_.sure || step.footprint().output_paths.empty()) {
      step.make_caller_wait();
    }
    return step.finish(std::string(base_name(invocation_.program)) + " " + inputs_.front());
  }

 private:
  // ---- the words

  std::optional<Declined> read_words() {
    const auto& argv = invocation_.argv;
    for (size_t at = 1; at < argv.size();) {
      const std::string& word = argv[at];
      if (word == "-" || word.starts_with('@')) {
        return Declined{word == "-" ? "standard-input" : "response-file", word};
      }
      if (!word.starts_with('-')) {
        if (auto declined = take_word(argv[at++])) {
          return declined;
        }
        continue;
      }
      const auto found = match(compiled_.table, argv, at);
      if (!found || found->option->does == Does::Declines) {
        return Declined{found ? std::string(found->option->word) : "unknown-option", word};
      }
      take_option(*found);
      at += found->words;
    }
    return std::nullopt;
  }

  std::optional<Declined> take_word(const std::string& word) {
    if (!tool_.script.empty() && script_.empty()) {
      script_ = word;
      given_.values["script"] = word;
      return std::nullopt;
    }
    const size_t role = tool_.last_word_repeats ? std::min(words_, tool_.words.size() - 1) : words_;
    ++words_;
    if (role >= tool_.words.size()) {
      return Declined{"unknown-option", word};
    }
    switch (tool_.words[role]) {
      case DescribedWord::Input:
        inputs_.push_back(word);
        break;
      case DescribedWord::Output:
        outputs_.push_back(word);
        break;
      case DescribedWord::Neutral:
        break;
    }
    return std::nullopt;
  }

  void take_option(const Match& found) {
    const DescribedOption& option = compiled_.described(*found.option);
    const std::string value(found.argument);
    if (!options_.insert(option.name).second) {
      repeated_.insert(option.name);
    }
    given_.values[option.name] = value;
    switch (option.does) {
      case Does::ReadsFile:
        inputs_.push_back(value);
        break;
      case Does::WritesFile:
        outputs_.push_back(value);
        break;
      case Does::SearchDirectory:
        given_.searched.push_back(value);
        break;
      case Does::RunsProgram:
        programs_.push_back(value.substr(value.find('=') + 1));  // protoc's --plugin=NAME=PROGRAM
        break;
      default:
        break;
    }
  }

  [[nodiscard]] std::optional<Declined> check() const {
    if (inputs_.empty()) {
      return Declined{"no-input", ""};  // it may well read its standard input
    }
    for (const std::string& option : tool_.needed_options) {
      if (!options_.contains(option)) {
        return Declined{"needs-option", option};
      }
    }
    // Whether the first or the last counts is the tool's affair.
    for (const DescribedOutput& output : tool_.outputs) {
      for (const std::string& name : output.path.names()) {
        if (repeated_.contains(name)) {
          return Declined{"repeated-option", name};
        }
      }
    }
    return std::nullopt;
  }

  // ---- what it runs

  // The program, and those that it runs.
  [[nodiscard]] std::variant<std::set<std::string>, Declined> find_programs() const {
    const std::string path = path_variable_of(invocation_);
    std::set<std::string> found{invocation_.program};
    std::vector<std::string> wanted = tool_.runs;
    wanted.insert(wanted.end(), programs_.begin(), programs_.end());
    if (const std::string behind = program_behind_env(invocation_.program); !behind.empty()) {
      wanted.push_back(behind);
    }
    for (const std::string& name : wanted) {
      const std::string program = name.find('/') == std::string::npos
                                      ? base::find_program(name, path, "/").value_or("")
                                      : absolute(invocation_.working_directory, name);
      if (program.empty() || !is_there(program)) {
        return Declined{"missing-program", name};
      }
      found.insert(program);
    }
    return found;
  }

  [[nodiscard]] std::variant<std::map<std::string, std::string>, Declined> thunk_environment_of(
      const std::set<std::string>& programs) const {
    auto made = plain_environment(invocation_, narrowed_path(path_variable_of(invocation_), programs));
    if (auto* environment = std::get_if<0>(&made)) {
      for (const std::string& name : tool_.environment) {
        if (const auto found = invocation_.environment.find(name); found != invocation_.environment.end()) {
          environment->insert(*found);
        }
      }
      for (const auto& variable : tool_.set) {
        environment->insert_or_assign(variable.first, variable.second);
      }
    }
    return made;
  }

  // ---- what it reads

  // An answer ends the work.
  base::Result<std::optional<Inference>> add_inputs(Step& step) {
    std::vector<std::string> all = inputs_;
    if (!script_.empty()) {
      all.push_back(script_);
    }
    for (const std::string& input : all) {
      if (auto answer = look_at(input, step); !answer || *answer) {
        return answer;
      }
      step.add_input(input);
    }
    std::optional<Declined> declined;
    for (const std::string& directory : given_.searched) {
      declined = declined ? declined : add_all_below(directory, tool_.search_files, step);
    }
    for (const NameTemplate& file : tool_.files) {
      for (const Given& given : each_input(file)) {
        declined = declined ? declined : add_file(file, given, step);
      }
    }
    return declined ? std::optional(Inference(*std::move(declined))) : std::nullopt;
  }

  // Does something in the file change what comes out in ways that are not described?
  base::Result<std::optional<Inference>> look_at(const std::string& input, Step& step) {
    if (tool_.declined_text.empty() || input == script_) {
      return std::nullopt;
    }
    const auto entry = look_through(model_.view_, step.in_place(input));
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      return Inference(MustRead{{*promise}});
    }
    const auto bytes = step.read_input(input);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    for (const std::string& text : tool_.declined_text) {
      if (*bytes && (*bytes)->find(text) != std::string::npos) {
        return Inference(Declined{"declined-text", text});
      }
    }
    return std::nullopt;
  }

  std::optional<Declined> add_file(const NameTemplate& file, const Given& given, Step& step) {
    const auto pattern = file.fill_pattern(given);
    if (!pattern) {
      return std::nullopt;
    }
    const auto paths = matching_paths(absolute(literal_for_glob(invocation_.working_directory), *pattern));
    if (paths.empty() && !has_wildcard(*pattern)) {
      return Declined{"missing-input", *pattern};
    }
    for (const std::string& path : paths) {
      if (!path.ends_with('/')) {
        step.add_input(path);
      } else if (auto declined = add_all_below(path, {}, step)) {
        return declined;
      }
    }
    return std::nullopt;
  }

  static std::optional<Declined> add_all_below(const std::string& directory,
                                               const std::vector<std::string>& patterns, Step& step) {
    constexpr size_t kMostFiles = 20'000;
    const auto below = all_below(step.in_place(directory), patterns, kMostFiles);
    if (!below) {
      return Declined{"too-many-files", directory};
    }
    for (const std::string& folder : below->directories) {
      step.add_directory(folder);
    }
    for (const std::string& file : below->files) {
      step.add_input(file);
    }
    return std::nullopt;
  }

  // ---- what it writes

  std::optional<Declined> add_outputs(Step& step) {
    for (const std::string& output : outputs_) {
      if (output == "-" || base::is_below_dev(output)) {
        return Declined{"special-output", output};
      }
      step.add_output(output, Output::Made::Always, false);
    }
    for (const DescribedOutput& output : tool_.outputs) {
      const auto there = [&](const std::string& option) { return options_.contains(option); };
      const bool wanted = output.when.empty() || std::any_of(output.when.begin(), output.when.end(), there);
      if (!wanted || std::any_of(output.unless.begin(), output.unless.end(), there)) {
        continue;
      }
      for (const Given& given : each_input(output.path)) {
        if (const auto path = output.path.fill(given)) {
          step.add_output(*path, output.perhaps ? Output::Made::Perhaps : Output::Made::Always, false);
        }
      }
    }
    return std::nullopt;
  }

  // What the name is made from: once for each input if it refers to the input.
  [[nodiscard]] std::vector<Given> each_input(const NameTemplate& name) const {
    if (!name.names().contains("input")) {
      return {given_};
    }
    std::vector<Given> all;
    for (const std::string& input : inputs_) {
      all.push_back(given_);
      all.back().values["input"] = input;
    }
    return all;
  }

  DescribedModel& model_;
  const Compiled& compiled_;
  const DescribedTool& tool_;
  const Invocation& invocation_;
  std::string script_;
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
  std::vector<std::string> programs_;
  std::set<std::string> options_;  // by name
  std::set<std::string> repeated_;
  Given given_;
  size_t words_ = 0;
};

DescribedModel::DescribedModel(std::vector<DescribedTool> tools, View& view, Toolchains& toolchains,
                               ThunkBuilder& builder)
    : view_(view), toolchains_(toolchains), builder_(builder) {
  for (DescribedTool& tool : tools) {
    tools_.push_back(std::make_unique<const Compiled>(std::move(tool)));
  }
}

DescribedModel::~DescribedModel() = default;

bool DescribedModel::knows(const std::string& name) const {
  return std::any_of(tools_.begin(), tools_.end(),
                     [&](const auto& compiled) { return fits_any(compiled->tool.programs, name); });
}

base::Result<std::optional<Inference>> DescribedModel::infer(const Invocation& invocation) {
  const std::string name(base_name(invocation.program));
  for (const auto& compiled : tools_) {
    const DescribedTool& tool = compiled->tool;
    if (fits_any(tool.programs, name) &&
        (tool.script.empty() || is_script(tool.script, script_of(invocation.argv)))) {
      auto answer = Reading(*this, *compiled, invocation).infer();
      return answer ? base::Result<std::optional<Inference>>(*std::move(answer))
                    : tl::unexpected(answer.error());
    }
  }
  return std::optional<Inference>();
}

}  // namespace model
