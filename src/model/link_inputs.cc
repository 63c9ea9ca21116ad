#include "model/link_inputs.hh"

#include "base/files.hh"
#include "model/elf.hh"
#include "model/libraries.hh"
#include "model/thunk_builder.hh"

#include <unistd.h>

#include <filesystem>
#include <set>

namespace model {

namespace {

using Problem = std::variant<Declined, MustRead>;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// The files and -l names in a linker script's INPUT and GROUP (ld's manual, "Commands Dealing with Files");
// nullopt: the text is no such script.
std::optional<std::vector<std::string>> script_words(const std::string& text) {
  std::vector<std::string> words;
  bool found = false;
  for (const char* command : {"GROUP", "INPUT"}) {
    for (size_t at = text.find(command); at != std::string::npos; at = text.find(command, at + 1)) {
      const size_t open = text.find('(', at);
      if (open == std::string::npos) {
        break;
      }
      found = true;
      int depth = 0;
      std::string word;
      for (size_t i = open; i < text.size(); ++i) {
        const char c = text[i];
        const bool separator =
            c == '(' || c == ')' || c == ' ' || c == '\n' || c == '\t' || c == ',' || c == '\r';
        if (separator && !word.empty()) {
          if (word != "AS_NEEDED") {
            words.push_back(word);
          }
          word.clear();
        } else if (!separator) {
          word += c;
        }
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (depth == 0) {
          break;
        }
      }
    }
  }
  return found ? std::optional(words) : std::nullopt;
}

bool is_text_script(const std::string& path) {
  std::error_code error;
  return std::filesystem::file_size(path, error) < (1U << 16U) && !error;
}

class LinkInputs {
 public:
  LinkInputs(const Toolchain& toolchain, View& view, Footprint& footprint)
      : toolchain_(toolchain), view_(view), footprint_(footprint) {}

  void search_in(const std::vector<std::string>& user_directories) {
    for (const std::string& directory : user_directories) {
      directories_.push_back(absolute(directory, footprint_.working_directory));
    }
    for (const std::string& directory : toolchain_.library_directories) {
      directories_.push_back(absolute(directory, "/"));
    }
    for (const std::string& directory : directories_) {
      if (std::filesystem::is_directory(directory)) {
        footprint_.directories.insert(directory);
      }
    }
  }

  // What a promise stands for can't be looked into: what a shared library needs is added when it is there.
  std::optional<Problem> add_file(const std::string& path) {
    if (!seen_.insert(path).second) {
      return std::nullopt;
    }
    auto entry = followed(view_, path);
    if (!entry || !*entry) {
      return Problem(Declined{"missing-input", path});
    }
    footprint_.inputs.insert(path);
    if (const auto* promise = std::get_if<object::Promise>(&**entry)) {
      const bool may_be_shared = path.find(".so") != std::string::npos;
      return may_be_shared ? std::optional<Problem>(MustRead{{*promise}}) : std::nullopt;
    }
    return look_into(path);
  }

  std::optional<Problem> add_library(const std::string& name, bool static_only) {
    const auto path = find_library(name, static_only);
    if (!path) {
      return Problem(Declined{"missing-library", name});
    }
    return add_file(*path);
  }

  // Left out when it's nowhere: a library that the driver names by itself and that this link may not need.
  std::optional<Problem> add_library_if_there(const std::string& name, bool static_only) {
    const auto path = find_library(name, static_only);
    return path ? add_file(*path) : std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::string> find_library(const std::string& name, bool static_only) const {
    for (const std::string& directory : directories_) {
      const std::string prefix = directory + "/";
      if (name.starts_with(':')) {
        if (exists(prefix + name.substr(1))) {
          return prefix + name.substr(1);
        }
        continue;
      }
      if (!static_only && exists(prefix + "lib" + name + ".so")) {
        return prefix + "lib" + name + ".so";
      }
      if (exists(prefix + "lib" + name + ".a")) {
        return prefix + "lib" + name + ".a";
      }
    }
    return std::nullopt;
  }

  std::optional<Problem> look_into(const std::string& path) {
    if (path.ends_with(".o") || path.ends_with(".a")) {
      return path.ends_with(".a") ? look_into_archive(path) : std::nullopt;
    }
    if (const auto needs = read_elf_needs(path)) {
      return add_needed(*needs, path);
    }
    if (!is_text_script(path)) {
      return std::nullopt;
    }
    const auto words = script_words(base::read_file(path));
    return words ? add_script_words(*words, path) : std::nullopt;
  }

  std::optional<Problem> look_into_archive(const std::string& path) {
    constexpr std::string_view kThin = "!<thin>\n";
    const auto bytes = is_text_script(path) ? base::read_file(path) : std::string();
    if (bytes.starts_with(kThin)) {
      return Problem(Declined{"thin-archive", path});
    }
    // glibc's libm.a is a linker script under an archive's name.
    const auto words = bytes.starts_with("!<arch>") || bytes.empty() ? std::nullopt : script_words(bytes);
    return words ? add_script_words(*words, path) : std::nullopt;
  }

  std::optional<Problem> add_script_words(const std::vector<std::string>& words, const std::string& script) {
    for (const std::string& word : words) {
      if (word.starts_with("-l")) {
        if (auto problem = add_library(word.substr(2), false)) {
          return problem;
        }
        continue;
      }
      std::string path = word.starts_with('/') ? word : "";
      for (size_t i = 0; path.empty() && i < directories_.size(); ++i) {
        path = exists(directories_[i] + "/" + word) ? directories_[i] + "/" + word : "";
      }
      if (path.empty()) {
        path = absolute(word, std::filesystem::path(script).parent_path().string());
      }
      if (auto problem = add_file(path)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  // ld looks for what shared libraries need, to check symbols (ld's manual, -rpath-link); what it doesn't
  // find it only warns of, so neither do we stop.
  std::optional<Problem> add_needed(const ElfNeeds& needs, const std::string& wanted_by) {
    static const std::vector<std::string> system = system_library_directories();
    std::vector<std::string> places = directories_;
    places.insert(places.end(), needs.runpath.begin(), needs.runpath.end());
    places.push_back(std::filesystem::path(wanted_by).parent_path().string());
    places.insert(places.end(), system.begin(), system.end());
    for (const std::string& name : needs.libraries) {
      for (const std::string& place : places) {
        if (exists(place + "/" + name)) {
          if (auto problem = add_file(absolute(place + "/" + name, "/"))) {
            return problem;
          }
          break;
        }
      }
    }
    return std::nullopt;
  }

  const Toolchain& toolchain_;
  View& view_;
  Footprint& footprint_;
  std::vector<std::string> directories_;
  std::set<std::string> seen_;
};

}  // namespace

std::optional<Problem> add_link_inputs(const GccCommand& command,
                                       const std::vector<std::string>& implied_libraries,
                                       const Toolchain& toolchain, View& view, Footprint& footprint) {
  LinkInputs inputs(toolchain, view, footprint);
  inputs.search_in(command.library_directories);
  for (const auto& item : command.link_items) {
    auto problem = item.kind == GccCommand::LinkItem::Kind::File
                       ? inputs.add_file(absolute(item.name, footprint.working_directory))
                       : inputs.add_library(item.name, command.static_link);
    if (problem) {
      return problem;
    }
  }
  for (const std::string& library : implied_libraries) {
    if (auto problem = inputs.add_library_if_there(library, command.static_link)) {
      return problem;
    }
  }
  return std::nullopt;
}

}  // namespace model
