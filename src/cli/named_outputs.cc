#include "cli/named_outputs.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace cli {

namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kNamed{"-o", "--output", "-MF"};
constexpr std::array<std::string_view, 17> kSources{".c",   ".C",  ".cc",  ".cp",  ".cpp", ".cxx",
                                                    ".c++", ".i",  ".ii",  ".s",   ".S",   ".sx",
                                                    ".m",   ".mm", ".asm", ".f90", ".F90"};

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

// "ar", "gcc-ar", "x86_64-linux-gnu-ar", "llvm-ar-14".
bool is_tool(const std::string& program, std::string_view tool) {
  const size_t at = program.find(tool);
  const bool begins = at == 0 || (at != std::string::npos && program[at - 1] == '-');
  const std::string rest = begins ? program.substr(at + tool.size()) : "";
  return begins && (rest.empty() || rest[0] == '-');
}

bool makes_one_file_each(const Words& argv) {
  return std::find(argv.begin(), argv.end(), "-c") != argv.end() ||
         std::find(argv.begin(), argv.end(), "-S") != argv.end();
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

// gcc(1): each source's own name in the working directory, or a.out.
Words compilers_own_names(const Words& argv) {
  if (!makes_one_file_each(argv)) {
    return {"a.out"};
  }
  const bool assembles = std::find(argv.begin(), argv.end(), "-S") == argv.end();
  Words names;
  for (const std::string& word : argv) {
    const std::string name = last_part(word);
    const size_t dot = name.rfind('.');
    if (!is_option(word) && dot != std::string::npos &&
        std::find(kSources.begin(), kSources.end(), name.substr(dot)) != kSources.end()) {
      names.push_back(name.substr(0, dot) + (assembles ? ".o" : ".s"));
    }
  }
  return names;
}

Words operands(const Words& argv) {
  Words found;
  std::copy_if(argv.begin() + 1, argv.end(), std::back_inserter(found),
               [](const std::string& word) { return !is_option(word); });
  return found;
}

Words outputs_of(const Words& argv) {
  const std::string program = last_part(argv[0]);
  const Words files = operands(argv);
  if (is_tool(program, "ar")) {  // ar OPERATION ARCHIVE MEMBER...; the operation may be an option
    const size_t archive = argv.size() > 1 && is_option(argv[1]) ? 0 : 1;
    return archive < files.size() ? Words{files[archive]} : Words{};
  }
  Words named = named_by_options(argv);
  if (!named.empty()) {
    return named;
  }
  if (is_tool(program, "strip") || is_tool(program, "ranlib")) {
    return files;
  }
  if (is_tool(program, "objcopy")) {
    return files.empty() ? files : Words{files.back()};
  }
  return compilers_own_names(argv);
}

}  // namespace

std::vector<std::string> named_outputs(const std::vector<std::string>& argv, const std::string& directory) {
  Words outputs = argv.empty() ? Words{} : outputs_of(argv);
  std::erase_if(outputs, [](const std::string& name) { return name.empty() || name == "-"; });
  for (std::string& output : outputs) {
    output = output[0] == '/' ? output : directory + "/" + output;
  }
  return outputs;
}

}  // namespace cli
