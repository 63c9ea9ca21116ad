#pragma once

#include "model/model.hh"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace model {

enum class Language { C, Cxx, Assembler, AssemblerWithCpp, PreprocessedC, PreprocessedCxx, LinkerInput };

struct Source {
  std::string path;  // as given
  Language language;
};

// A gcc or g++ command line, understood. Paths are as given.
struct GccCommand {
  enum class Goal { Compile, Assemble, Link };  // -S, -c, neither

  Goal goal = Goal::Link;
  std::vector<Source> sources;  // everything that isn't an option, in order
  std::string output;           // -o; "" when not given

  std::vector<std::string> preprocessor_words;  // options that decide what is read, as given and in order
  std::vector<std::string> include_directories;
  std::vector<std::string> include_files;

  enum class Depfile { None, All, UserHeaders };  // -MD, -MMD
  Depfile depfile = Depfile::None;
  std::string depfile_path;   // -MF; "" when not given
  bool names_target = false;  // -MT or -MQ stands in preprocessor_words

  struct LinkItem {
    enum class Kind { File, Library } kind;
    std::string name;
    bool static_only = false;
  };

  std::vector<LinkItem> link_items;  // inputs and -l in order
  std::vector<std::string> library_directories;
  std::vector<std::string> linker_files;    // version scripts and the like
  std::vector<std::string> linker_outputs;  // maps
  bool static_link = false;
  bool default_libraries = true;
  std::vector<std::string> extra_outputs;  // suffixes: ".dwo"
};

// Reads a response file's words (gcc's manual, @file); nullopt when it cannot be read.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;

[[nodiscard]] std::variant<GccCommand, Declined> parse_gcc(const std::vector<std::string>& argv,
                                                           bool cxx_driver, const ReadFile& read_file);

// "-Wl,a,b" -> a, b and the like; also what stands on ld's own command line.
[[nodiscard]] std::optional<Declined> take_linker_words(const std::vector<std::string>& words,
                                                        GccCommand& command);

// argv with every @file replaced by its words (libiberty's expandargv). Nullopt: a file cannot be read.
[[nodiscard]] std::optional<std::vector<std::string>> expand_response_files(
    const std::vector<std::string>& argv, const ReadFile& read_file);

}  // namespace model
