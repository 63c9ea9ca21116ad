#include "cli/named_outputs.hh"

#include "model/paths.hh"
#include "model/tool_names.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace cli {

namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kNamed{"-o", "--output", "-MF"};
constexpr std::string_view kOnlyChecks = "-fsyntax-only";
constexpr std::array<std::string_view, 6> kNoLink{"-c", "-S", "-E", "-M", "-MM", kOnlyChecks};
constexpr std::array<std::string_view, 17> kSources{".c",   ".C",  ".cc",  ".cp",  ".cpp", ".cxx",
                                                    ".c++", ".i",  ".ii",  ".s",   ".S",   ".sx",
                                                    ".m",   ".mm", ".asm", ".f90", ".F90"};

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

bool has(const Words& argv, std::string_view word) {
  return std::find(argv.begin(), argv.end(), word) != argv.end();
}

// What -c, -S and their like leave undone.
bool links(const Words& argv) {
  return std::none_of(kNoLink.begin(), kNoLink.end(), [&](std::string_view word) { return has(argv, word); });
}

bool makes_one_file_each(const Words& argv) {
  const bool stops_earlier = has(argv, "-E") || has(argv, "-M") || has(argv, "-MM") || has(argv, kOnlyChecks);
  return !stops_earlier && (has(argv, "-c") || has(argv, "-S"));
}

// What -o and its like name.
Words named_by_options(const Words& argv) {
  Words named;
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (std::find(kNamed.begin(), kNamed.end(), word) != kNamed.end() && i + 1 < argv.size()) {
      named.push_back(argv[++i]);
    } else if (word.starts_with("--output=")) {
      named.push_back(word.substr(word.find('=') + 1));
    } else if (word.starts_with("-o") && word.size() > 2) {
      named.push_back(word.substr(2));
    }
  }
  return named;
}

Words operands(const Words& argv) {
  Words found;
  std::copy_if(argv.begin() + 1, argv.end(), std::back_inserter(found),
               [](const std::string& word) { return !is_option(word); });
  return found;
}

// gcc(1): each source's own name in the working directory, or a.out.
Words compilers_own_names(const Words& argv) {
  if (!makes_one_file_each(argv)) {
    return links(argv) && !operands(argv).empty() ? Words{"a.out"} : Words{};
  }
  const bool assembles = !has(argv, "-S");
  Words names;
  for (const std::string& word : argv) {
    const std::string name(model::base_name(word));
    const size_t dot = name.rfind('.');
    if (!is_option(word) && dot != std::string::npos &&
        std::find(kSources.begin(), kSources.end(), name.substr(dot)) != kSources.end()) {
      names.push_back(name.substr(0, dot) + (assembles ? ".o" : ".s"));
    }
  }
  return names;
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
Words own_names(const std::string& program, model::Tool tool, const Words& argv) {
  const Words files = operands(argv);
  switch (tool) {
    case model::Tool::Gcc:
    case model::Tool::Gxx:
    case model::Tool::Clang:
      return compilers_own_names(argv);
    case model::Tool::Other:  // of these, gcc's drivers for other languages
      return program.find("rustc") == std::string::npos && program.find("javac") == std::string::npos
                 ? compilers_own_names(argv)
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
    case model::Tool::Ar:
    case model::Tool::Cpp:
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
  Words named = named_by_options(argv);
  return named.empty() && tool ? own_names(program, *tool, argv) : named;
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
