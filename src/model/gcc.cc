#include "model/gcc.hh"

#include "base/files.hh"
#include "model/link_inputs.hh"
#include "model/thunk_builder.hh"

#include <filesystem>

namespace model {

namespace {

bool is_preprocessed_by_cpp(Language language) {
  return language == Language::C || language == Language::Cxx || language == Language::AssemblerWithCpp;
}

std::string language_word(Language language) {
  return language == Language::Cxx                ? "c++"
         : language == Language::AssemblerWithCpp ? "assembler-with-cpp"
                                                  : "c";
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// "dir/a.b.c" -> "a.b" (what gcc calls the base name of a source).
std::string stem(const std::string& path) {
  const std::string name = base_name(path);
  return name.substr(0, name.rfind('.'));
}

std::string without_suffix(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? path : path.substr(0, dot);
}

// The variables that change what gcc does (gcc's manual, "Environment Variables Affecting GCC"), and those of
// the C library that change how it speaks.
bool matters(const std::string& name) {
  static const std::set<std::string> names{"LANG",        "LANGUAGE",       "SOURCE_DATE_EPOCH",
                                           "CPATH",       "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH",
                                           "LIBRARY_PATH"};
  return names.contains(name) || name.starts_with("LC_");
}

// Those that make gcc read or write what we do not follow.
std::optional<Declined> odd_variable(const Invocation& invocation) {
  for (const char* name :
       {"COMPILER_PATH", "GCC_EXEC_PREFIX", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "LD_LIBRARY_PATH",
        "LD_PRELOAD", "LD_RUN_PATH", "GCC_COMPARE_DEBUG", "GCC_COLORS", "COLLECT_GCC_OPTIONS",
        "OBJC_INCLUDE_PATH", "LDEMULATION", "COLLECT_LTO_WRAPPER"}) {
    const auto found = invocation.environment.find(name);
    if (found != invocation.environment.end() && !found->second.empty()) {
      return Declined{"environment", name};
    }
  }
  return std::nullopt;
}

std::map<std::string, std::string> environment_for(const Invocation& invocation,
                                                   const std::string& path_variable) {
  std::map<std::string, std::string> environment{{"PATH", path_variable}};
  for (const auto& variable : invocation.environment) {
    if (matters(variable.first)) {
      environment.insert(variable);
    }
  }
  // gcc takes PWD for its working directory's name where it is true (it stands in debug information).
  const auto pwd = invocation.environment.find("PWD");
  std::error_code error;
  if (pwd != invocation.environment.end() && pwd->second.starts_with('/') &&
      std::filesystem::equivalent(pwd->second, invocation.working_directory, error) && !error) {
    environment.insert(*pwd);
  }
  return environment;
}

std::string user_path(const Invocation& invocation) {
  const auto found = invocation.environment.find("PATH");
  return found == invocation.environment.end() ? "/usr/bin:/bin" : found->second;
}

// Message catalogues and locales are files like any other.
void add_locale(const std::map<std::string, std::string>& environment, std::set<std::string>& inputs) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG"}) {
    const auto found = environment.find(name);
    const std::string value = found == environment.end() ? "" : found->second;
    if (!value.empty() && value != "C" && value != "POSIX" && value != "C.UTF-8" && value != "C.utf8" &&
        std::filesystem::exists("/usr/lib/locale/locale-archive")) {
      inputs.insert("/usr/lib/locale/locale-archive");
    }
  }
}

TranslationUnit unit_for(const Source& source, const GccCommand& command, const Invocation& invocation,
                         const std::map<std::string, std::string>& environment) {
  TranslationUnit unit;
  unit.driver = invocation.program;
  unit.preprocessor_words = command.preprocessor_words;
  unit.include_files = command.include_files;
  unit.language = language_word(source.language);
  unit.source = source.path;
  // -MD names the object as -o does; without -o gcc's own default is the same for -M.
  unit.target = command.names_target || command.goal == GccCommand::Goal::Link ? "" : command.output;
  unit.environment = environment;
  unit.working_directory = invocation.working_directory;
  return unit;
}

class GccModel {
 public:
  GccModel(const Invocation& invocation, const Tools& tools, const GccCommand& command, bool cxx_driver)
      : invocation_(invocation), tools_(tools), command_(command), cxx_driver_(cxx_driver) {}

  Modelled run() {
    const auto toolchain = tools_.toolchains.find(invocation_.program, user_path(invocation_));
    footprint_.program = invocation_.program;
    footprint_.arguments.assign(invocation_.argv.begin() + 1, invocation_.argv.end());
    footprint_.environment = environment_for(invocation_, toolchain->path_variable);
    footprint_.working_directory = invocation_.working_directory;
    footprint_.inputs = toolchain->common;
    add_locale(footprint_.environment, footprint_.inputs);
    add_response_files();
    if (auto other = add_sources(*toolchain)) {
      return *std::move(other);
    }
    if (command_.goal == GccCommand::Goal::Link) {
      if (auto other = add_link(*toolchain)) {
        return *std::move(other);
      }
    }
    add_outputs();
    return std::move(footprint_);
  }

 private:
  using Other = std::optional<Modelled>;

  [[nodiscard]] std::string full(const std::string& path) const {
    return absolute(path, footprint_.working_directory);
  }

  void add_response_files() {
    for (const std::string& word : invocation_.argv) {
      if (word.size() > 1 && word[0] == '@') {
        footprint_.inputs.insert(full(word.substr(1)));
      }
    }
  }

  Other add_sources(const Toolchain& toolchain) {
    for (const std::string& directory : command_.include_directories) {
      std::error_code error;
      if (std::filesystem::is_directory(full(directory), error)) {
        footprint_.directories.insert(full(directory));
      }
    }
    for (const Source& source : command_.sources) {
      if (source.language == Language::LinkerInput) {
        continue;
      }
      footprint_.inputs.insert(toolchain.assemble.begin(), toolchain.assemble.end());
      if (source.language != Language::Assembler) {
        footprint_.inputs.insert(toolchain.compile.begin(), toolchain.compile.end());
      }
      if (auto other =
              is_preprocessed_by_cpp(source.language) ? add_preprocessed(source) : add_plain(source.path)) {
        return other;
      }
    }
    return std::nullopt;
  }

  Other add_plain(const std::string& path) {
    footprint_.inputs.insert(full(path));
    return look_inside(full(path));
  }

  Other add_preprocessed(const Source& source) {
    const TranslationUnit unit = unit_for(source, command_, invocation_, footprint_.environment);
    Discovered found = tools_.dependencies.find(unit);
    if (auto* declined = std::get_if<Declined>(&found)) {
      return Modelled(*declined);
    }
    if (auto* must_read = std::get_if<MustRead>(&found)) {
      return Modelled(*must_read);
    }
    const auto& dependencies = std::get<Dependencies>(found);
    for (const std::string& file : dependencies.files) {
      footprint_.inputs.insert(full(file));
      if (auto other = look_inside(full(file))) {
        return other;
      }
    }
    if (command_.depfile == GccCommand::Depfile::All) {
      footprint_.written_now.push_back({depfile_of(source), dependencies.depfile});
    }
    return std::nullopt;
  }

  // What no -M tells: uses of the time of day, files that the assembler reads, precompiled headers.
  Other look_inside(const std::string& path) {
    const auto entry = followed(tools_.view, path);
    const auto* file = entry && *entry ? std::get_if<object::File>(&**entry) : nullptr;
    const auto mentions = file != nullptr ? tools_.facts.mentions(path, file->digest) : nullptr;
    if (!mentions) {
      return std::nullopt;  // building the tree will say what is wrong with it
    }
    const bool dated = mentions->date && !invocation_.environment.contains("SOURCE_DATE_EPOCH");
    if (dated || mentions->timestamp) {
      return Modelled(Declined{"date-macro", path});
    }
    if (mentions->incbin) {
      return Modelled(Declined{"embedded-file", path});
    }
    std::error_code error;
    if (std::filesystem::exists(path + ".gch", error)) {
      return Modelled(Declined{"precompiled-header", path + ".gch"});
    }
    return std::nullopt;
  }

  Other add_link(const Toolchain& toolchain) {
    footprint_.inputs.insert(toolchain.link.begin(), toolchain.link.end());
    for (const std::string& file : command_.linker_files) {
      footprint_.inputs.insert(full(file));
    }
    GccCommand objects = command_;
    std::erase_if(objects.link_items, [&](const GccCommand::LinkItem& item) { return is_source(item); });
    std::vector<std::string> implied;
    if (command_.default_libraries) {
      implied = {"gcc", "gcc_s", "gcc_eh", "c", "m"};
      if (cxx_driver_) {
        implied.emplace_back("stdc++");
      }
    }
    if (auto problem = add_link_inputs(objects, implied, toolchain, tools_.view, footprint_)) {
      return std::visit([](auto& value) { return Modelled(std::move(value)); }, *problem);
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_source(const GccCommand::LinkItem& item) const {
    if (item.kind != GccCommand::LinkItem::Kind::File) {
      return false;
    }
    for (const Source& source : command_.sources) {
      if (source.path == item.name) {
        return source.language != Language::LinkerInput;
      }
    }
    return false;
  }

  [[nodiscard]] std::string object_of(const Source& source) const {
    if (!command_.output.empty()) {
      return command_.output;
    }
    return stem(source.path) + (command_.goal == GccCommand::Goal::Compile ? ".s" : ".o");
  }

  // gcc's manual, -MF: from -o's name if that is an object's, else from the source's.
  [[nodiscard]] std::string depfile_of(const Source& source) const {
    if (!command_.depfile_path.empty()) {
      return full(command_.depfile_path);
    }
    return full(command_.output.empty() ? stem(source.path) + ".d" : without_suffix(command_.output) + ".d");
  }

  void add_outputs() {
    const bool link = command_.goal == GccCommand::Goal::Link;
    std::string what;
    for (const Source& source : command_.sources) {
      if (source.language == Language::LinkerInput) {
        continue;
      }
      what = source.path;
      if (!link) {
        footprint_.outputs.push_back({full(object_of(source)), "", Output::Made::Always, false});
      }
      if (command_.depfile != GccCommand::Depfile::None && is_preprocessed_by_cpp(source.language)) {
        const auto made =
            command_.depfile == GccCommand::Depfile::All ? Output::Made::Perhaps : Output::Made::Always;
        footprint_.outputs.push_back({depfile_of(source), "", made, false});
      }
      for (const std::string& suffix : command_.extra_outputs) {
        footprint_.outputs.push_back(
            {full(without_suffix(object_of(source)) + suffix), "", Output::Made::Perhaps, false});
      }
    }
    if (link) {
      const std::string target = command_.output.empty() ? "a.out" : command_.output;
      footprint_.outputs.push_back({full(target), "", Output::Made::Always, true});
      for (const std::string& map : command_.linker_outputs) {
        footprint_.outputs.push_back({full(map), "", Output::Made::Always, false});
      }
      footprint_.label = "link " + target;
    } else {
      footprint_.label = "compile " + what;
    }
  }

  const Invocation& invocation_;
  const Tools& tools_;
  const GccCommand& command_;
  bool cxx_driver_;
  Footprint footprint_;
};

}  // namespace

std::vector<TranslationUnit> translation_units(const Invocation& invocation, const GccCommand& command,
                                               const std::string& path_variable) {
  std::vector<TranslationUnit> units;
  const auto environment = environment_for(invocation, path_variable);
  for (const Source& source : command.sources) {
    if (is_preprocessed_by_cpp(source.language)) {
      units.push_back(unit_for(source, command, invocation, environment));
    }
  }
  return units;
}

Modelled model_gcc(const Invocation& invocation, const Tools& tools, bool cxx_driver) {
  if (auto declined = odd_variable(invocation)) {
    return *declined;
  }
  const auto read = [&](const std::string& path) {
    return base::read_file_if_there(absolute(path, invocation.working_directory));
  };
  const auto parsed = parse_gcc(invocation.argv, cxx_driver, read);
  if (const auto* declined = std::get_if<Declined>(&parsed)) {
    return *declined;
  }
  return GccModel(invocation, tools, std::get<GccCommand>(parsed), cxx_driver).run();
}

}  // namespace model
