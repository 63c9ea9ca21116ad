#include "cli/named_outputs.hh"

#include "model/gcc_command.hh"
#include "model/output_names.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"
#include "model/tool_options.hh"

#include <algorithm>
#include <string_view>

namespace cli {

namespace {

using Words = std::vector<std::string>;
using Goal = model::GccCommand::Goal;

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

// A command line as far as the table of its tool's model, which declined it, makes sense of it.
struct Parts {
  Words files;
  Words named;                // outputs that options name
  bool names_output = false;  // -o is among these
  bool names_language = false;
  model::GccCommand compiler;  // its goal, and what decides on its own names
};

// What -E, -M and -fsyntax-only leave undone counts most, then -S, then -c.
void take_goal(Parts& parts, Goal goal) {
  parts.compiler.goal = std::max(parts.compiler.goal, goal);
}

void take(Parts& parts, const model::Match& option) {
  const std::string argument(option.argument);
  switch (option.option->does) {
    case model::Does::Output:
      parts.names_output = true;
      parts.named.push_back(argument);
      break;
    case model::Does::DependenciesAll:  // nasm's may name the file
      if (!argument.empty()) {
        parts.named.push_back(argument);
      }
      break;
    case model::Does::DependencyFile:
    case model::Does::DatabaseFragment:
    case model::Does::WritesFile:
      parts.named.push_back(argument);
      break;
    case model::Does::WritesNamedFile:
      parts.named.push_back(argument.substr(argument.find('=') + 1));
      break;
    case model::Does::Compile:
      take_goal(parts, Goal::Compile);
      break;
    case model::Does::Assembly:
      take_goal(parts, Goal::Assembly);
      break;
    case model::Does::CheckSyntax:
      take_goal(parts, Goal::Syntax);
      break;
    case model::Does::Preprocess:
      take_goal(parts, Goal::Preprocess);
      break;
    case model::Does::TellDependencies:
      take_goal(parts, Goal::Dependencies);
      break;
    case model::Does::Language:
      parts.names_language = true;
      break;
    case model::Does::Bitcode:
      parts.compiler.bitcode = true;
      break;
    default:
      break;
  }
}

Parts taken_apart(model::Tool tool, const Words& argv) {
  Parts parts;
  for (size_t at = 1; at < argv.size();) {
    const auto option = is_option(argv[at]) ? model::match_option(tool, argv, at) : std::nullopt;
    if (option) {
      take(parts, *option);
    } else if (!is_option(argv[at])) {
      parts.files.push_back(argv[at]);
    }
    at += option ? option->words : 1;
  }
  return parts;
}

// gcc(1): each source's own name in the working directory, or a.out.
Words compilers_own_names(Parts parts) {
  if (parts.compiler.goal > Goal::Assembly) {
    return {};
  }
  Words names;
  for (const std::string& file : parts.files) {
    const auto language = model::language_of(file);
    parts.compiler.precompiles = language && model::is_header(*language) && !parts.names_language;
    const bool compiled = parts.compiler.goal != Goal::Link || parts.compiler.precompiles;
    if (compiled && (parts.names_language || language || model::is_foreign(file))) {
      names.push_back(model::object_path(parts.compiler, {file, language.value_or(model::Language::C)}));
    }
  }
  const bool links = names.empty() && parts.compiler.goal == Goal::Link && !parts.files.empty();
  return links ? Words{"a.out"} : names;
}

// ar [--OPTION...] [-]KEY [MEMBER] ARCHIVE MEMBER...; the key's letters may also be options of their own.
Words archive_of(const Words& argv) {
  std::string key;
  Words files;
  for (size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "--plugin" || argv[i] == "--target") {
      ++i;
    } else if (is_option(argv[i])) {
      key += argv[i][1] == '-' ? "" : argv[i].substr(1);
    } else if (key.empty()) {
      key = argv[i];
    } else {
      files.push_back(argv[i]);
    }
  }
  const auto asks = [&](std::string_view letters) { return key.find_first_of(letters) != std::string::npos; };
  const bool writes = asks("rqdm") || (asks("s") && !asks("tpx"));
  const size_t archive = (asks("abi") ? 1U : 0U) + (asks("N") ? 1U : 0U);
  return writes && archive < files.size() ? Words{files[archive]} : Words{};
}

bool is_archiver(const std::string& program) {
  const auto tool = model::tool_called(program);
  return tool == model::Tool::Ar || (tool == model::Tool::LlvmAr && !model::is_ranlib(program));
}

// The outputs of a tool that was not told any.
Words own_names(const std::string& program, model::Tool tool, const Parts& parts) {
  const Words& files = parts.files;
  switch (tool) {
    case model::Tool::Gcc:
    case model::Tool::Gxx:
    case model::Tool::Clang:
      return compilers_own_names(parts);
    case model::Tool::Other:  // of these, gcc's drivers for other languages
      return program.find("rustc") == std::string::npos && program.find("javac") == std::string::npos
                 ? compilers_own_names(parts)
                 : Words{};
    case model::Tool::Ld:
    case model::Tool::Lld:
    case model::Tool::Mold:
    case model::Tool::As:
      return files.empty() ? files : Words{"a.out"};
    case model::Tool::Ranlib:
    case model::Tool::LlvmAr:
    case model::Tool::Strip:
      return files;
    case model::Tool::Objcopy:
    case model::Tool::LlvmObjcopy:
      if (model::object_copier(program) == model::Tool::Strip) {
        return files;
      }
      return files.empty() ? files : Words{files.back()};
    case model::Tool::Cpp:
      return files.size() > 1 ? Words{files[1]} : Words{};
    case model::Tool::Ar:
    case model::Tool::Nasm:
    case model::Tool::Yasm:
    case model::Tool::Reader:
      break;
  }
  return {};
}

Words outputs_of(const Words& argv, std::string_view reason) {
  const std::string program(model::base_name(argv[0]));
  if (is_archiver(program)) {  // by its words alone: to the model also a change of order is a "query"
    return archive_of(argv);
  }
  const auto tool = model::tool_called(program);
  if (reason == "reads-only" || reason == "query" || tool == model::Tool::Reader) {
    return {};
  }
  const Parts parts = taken_apart(tool.value_or(model::Tool::Other), argv);
  Words outputs = parts.named;
  if (tool && !parts.names_output) {
    const Words own = own_names(program, *tool, parts);
    outputs.insert(outputs.end(), own.begin(), own.end());
  }
  return outputs;
}

}  // namespace

std::vector<std::string> named_outputs(const std::vector<std::string>& argv, const std::string& directory,
                                       std::string_view reason) {
  Words outputs = argv.empty() ? Words{} : outputs_of(argv, reason);
  std::erase_if(outputs, [](const std::string& name) { return name.empty() || name == "-"; });
  for (std::string& output : outputs) {
    output = model::absolute(directory, output);
  }
  return outputs;
}

}  // namespace cli
