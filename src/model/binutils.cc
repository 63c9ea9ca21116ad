#include "model/binutils.hh"

#include "base/files.hh"
#include "base/unique_fd.hh"
#include "model/gcc_options.hh"
#include "model/libraries.hh"
#include "model/link_inputs.hh"
#include "model/thunk_builder.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace model {

namespace {

// What every one of them starts from: the program with its loader and libraries.
Footprint footprint_of(const Invocation& invocation) {
  static const std::vector<std::string> libraries = system_library_directories();
  Footprint footprint;
  footprint.program = invocation.program;
  footprint.arguments.assign(invocation.argv.begin() + 1, invocation.argv.end());
  footprint.working_directory = invocation.working_directory;
  footprint.environment["PATH"] = "/usr/bin:/bin";
  for (const auto& variable : invocation.environment) {
    if (variable.first == "LANG" || variable.first == "LANGUAGE" || variable.first.starts_with("LC_") ||
        variable.first == "SOURCE_DATE_EPOCH") {
      footprint.environment.insert(variable);
    }
  }
  footprint.inputs = loader_closure(invocation.program, libraries);
  return footprint;
}

bool has_response_file(const std::vector<std::string>& argv) {
  return std::any_of(argv.begin() + 1, argv.end(),
                     [](const std::string& word) { return word.starts_with('@'); });
}

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// ar's operation and modifiers: the first word, with or without '-' (ar's manual).
struct ArKey {
  bool replace = false;  // r or q
  bool index_only = false;
  std::string problem;
};

ArKey read_key(const std::string& word) {
  ArKey key;
  for (const char c : word.substr(word.starts_with('-') ? 1 : 0)) {
    switch (c) {
      case 'r':
      case 'q':
        key.replace = true;
        break;
      case 's':
        key.index_only = true;
        break;
      case 'c':
      case 'u':  // with D, which Debian's binutils has on, every member's time is zero and u changes nothing
      case 'D':
      case 'S':
        break;
      default:
        key.problem = std::string("modifier ") + c;
    }
  }
  return key;
}

bool is_thin(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string magic(8, '\0');
  return file && ::read(file.get(), magic.data(), magic.size()) == 8 && magic == "!<thin>\n";
}

}  // namespace

Modelled model_ar(const Invocation& invocation, const Tools&) {
  const std::vector<std::string>& argv = invocation.argv;
  if (argv.size() < 3 || argv[1].starts_with("--")) {
    return Declined{"query", argv.size() < 2 ? "" : argv[1]};
  }
  if (has_response_file(argv)) {
    return Declined{"response-file", ""};
  }
  const ArKey key = read_key(argv[1]);
  if (!key.problem.empty() || (!key.replace && !key.index_only)) {
    return Declined{"option", "ar " + argv[1] + ": " + key.problem};
  }
  if (!key.replace && argv.size() > 3) {
    return Declined{"option", "ar " + argv[1] + " with members"};
  }
  Footprint footprint = footprint_of(invocation);
  const std::string archive = absolute(argv[2], invocation.working_directory);
  if (is_thin(archive)) {
    return Declined{"thin-archive", argv[2]};
  }
  if (exists(archive)) {
    footprint.inputs.insert(archive);
  }
  for (size_t i = 3; i < argv.size(); ++i) {
    footprint.inputs.insert(absolute(argv[i], invocation.working_directory));
  }
  footprint.outputs.push_back({archive, "", Output::Made::Always, false});
  footprint.label = "archive " + argv[2];
  return footprint;
}

Modelled model_ranlib(const Invocation& invocation, const Tools&) {
  const std::vector<std::string>& argv = invocation.argv;
  const size_t first = argv.size() > 1 && argv[1] == "-D" ? 2 : 1;
  if (argv.size() != first + 1 || argv[first].starts_with('-') || argv[first].starts_with('@')) {
    return Declined{"option", argv.size() < 2 ? "ranlib" : "ranlib " + argv[1]};
  }
  Footprint footprint = footprint_of(invocation);
  const std::string archive = absolute(argv[first], invocation.working_directory);
  if (is_thin(archive)) {
    return Declined{"thin-archive", argv[first]};
  }
  footprint.inputs.insert(archive);
  footprint.outputs.push_back({archive, "", Output::Made::Always, false});
  footprint.label = "index " + argv[first];
  return footprint;
}

Modelled model_as(const Invocation& invocation, const Tools& tools) {
  static const OptionTable table(assembler_options());
  Footprint footprint = footprint_of(invocation);
  std::string output = "a.out";
  std::vector<std::string> sources;
  for (size_t i = 1; i < invocation.argv.size();) {
    const std::string& word = invocation.argv[i];
    if (!word.starts_with('-')) {
      sources.push_back(word);
      ++i;
      continue;
    }
    const auto option = word == "-" || word == "--" ? std::nullopt : table.parse(invocation.argv, i);
    if (!option) {
      return Declined{word == "-" || word == "--" ? "stdin" : "unknown-option", word};
    }
    if (option->option->effect == Effect::Output) {
      output = option->value;
    } else if (option->option->effect != Effect::Neutral) {
      return Declined{option->option->effect == Effect::Query ? "query" : "option", word};
    }
    i += option->words;
  }
  if (sources.empty() || has_response_file(invocation.argv)) {
    return Declined{sources.empty() ? "stdin" : "response-file", ""};
  }
  for (const std::string& source : sources) {
    const std::string path = absolute(source, invocation.working_directory);
    footprint.inputs.insert(path);
    const auto entry = followed(tools.view, path);
    const auto* file = entry && *entry ? std::get_if<object::File>(&**entry) : nullptr;
    const auto mentions = file != nullptr ? tools.facts.mentions(path, file->digest) : nullptr;
    if (!mentions || mentions->incbin) {
      return Declined{mentions ? "embedded-file" : "missing-input", source};
    }
  }
  footprint.outputs.push_back(
      {absolute(output, invocation.working_directory), "", Output::Made::Always, false});
  footprint.label = "assemble " + sources.front();
  return footprint;
}

Modelled model_ld(const Invocation& invocation, const Tools& tools) {
  if (has_response_file(invocation.argv)) {
    return Declined{"response-file", ""};
  }
  const std::vector<std::string> words(invocation.argv.begin() + 1, invocation.argv.end());
  const bool relocatable = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "-r" || word == "-i" || word == "--relocatable";
  });
  // A final link by hand searches ld's own built-in directories, which only ld knows.
  const bool searches =
      std::any_of(words.begin(), words.end(), [](const std::string& word) { return word.starts_with("-l"); });
  if (searches && !relocatable) {
    return Declined{"option", "ld -l"};
  }
  GccCommand command;
  if (auto declined = take_linker_words(words, command)) {
    return *declined;
  }
  if (command.link_items.empty()) {
    return Declined{"no-input", ""};
  }
  Footprint footprint = footprint_of(invocation);
  for (const std::string& file : command.linker_files) {
    footprint.inputs.insert(absolute(file, invocation.working_directory));
  }
  const Toolchain no_toolchain;
  if (auto problem = add_link_inputs(command, {}, no_toolchain, tools.view, footprint)) {
    return std::visit([](auto& value) { return Modelled(std::move(value)); }, *problem);
  }
  const std::string output = command.output.empty() ? "a.out" : command.output;
  footprint.outputs.push_back(
      {absolute(output, invocation.working_directory), "", Output::Made::Always, !relocatable});
  for (const std::string& map : command.linker_outputs) {
    footprint.outputs.push_back(
        {absolute(map, invocation.working_directory), "", Output::Made::Always, false});
  }
  footprint.label = "link " + output;
  return footprint;
}

}  // namespace model
