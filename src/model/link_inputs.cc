#include "model/link_inputs.hh"

#include "base/files.hh"
#include "model/archive.hh"
#include "model/binutils_options.hh"
#include "model/elf.hh"
#include "model/link_script.hh"
#include "model/look.hh"
#include "model/paths.hh"
#include "model/thunk_reader.hh"

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>

namespace model {

namespace {

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

void split_into(std::string_view list, std::vector<std::string>& parts) {
  for (std::string& part : split_list(list)) {
    if (!part.empty()) {
      parts.push_back(std::move(part));
    }
  }
}

// An object of LLVM's, which ld has its plugin read.
constexpr std::string_view kBitcodeMagic = "BC\xC0\xDE";

// The loader's configuration, which ld reads, too, to find what shared libraries need.
struct LoaderConfiguration {
  std::set<std::string> files;
  std::vector<std::string> directories;
};

void read_loader_configuration(const std::string& path, LoaderConfiguration& found) {
  const auto text = base::read_file_if_there(path);
  if (!text || !found.files.insert(path).second) {
    return;
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    line = line.substr(0, line.find('#'));
    const size_t first = line.find_first_not_of(" \t");
    const size_t last = line.find_last_not_of(" \t");
    line = first == std::string_view::npos ? "" : line.substr(first, last - first + 1);
    if (line.starts_with("include ")) {
      glob_t matches{};
      const std::string pattern = absolute(parent_of(path), line.substr(line.find_first_not_of(" \t", 8)));
      if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
        for (size_t i = 0; i < matches.gl_pathc; ++i) {
          read_loader_configuration(matches.gl_pathv[i], found);
        }
      }
      ::globfree(&matches);
    } else if (line.starts_with('/')) {
      found.directories.emplace_back(line);
    }
  }
}

// What kind of objects a link is of, by its -m; nullopt: unknown, so all fit.
struct Kind {
  bool is_64_bit;
  uint16_t machine;
};

std::optional<Kind> kind_of(std::string_view emulation) {
  struct Known {
    std::string_view name;
    Kind kind;
  };

  constexpr uint16_t kX86 = 3;      // EM_386
  constexpr uint16_t kX86_64 = 62;  // EM_X86_64
  for (const Known& known : {Known{"elf_x86_64", {true, kX86_64}}, Known{"elf_i386", {false, kX86}},
                             Known{"elf32_x86_64", {false, kX86_64}}}) {
    if (known.name == emulation) {
      return known.kind;
    }
  }
  return std::nullopt;
}

class Finder {
 public:
  Finder(const LinkQuestion& question, View& view, object::Store& store, const SharedLinks& links)
      : question_(question), view_(view), store_(store), links_(links), sysroot_(question.sysroot) {}

  base::Result<LinkAnswer> run() {
    if (!collect_options()) {
      return answer();
    }
    for (const std::string& directory : directories_) {
      found_.directories.insert(directory);
    }
    take_words();
    for (const std::string& input : found_.inputs) {
      if (is_shared_library(input)) {
        found_.link.libraries.push_back(input);
      }
    }
    return answer();
  }

 private:
  using Words = std::vector<std::string>;

  base::Result<LinkAnswer> answer() {
    if (error_) {
      return tl::unexpected(*error_);
    }
    if (declined_) {
      return LinkAnswer(*declined_);
    }
    return LinkAnswer(std::move(found_));
  }

  [[nodiscard]] bool stopped() const { return error_.has_value() || declined_.has_value(); }

  void decline(std::string_view reason, std::string_view detail) {
    if (!stopped()) {
      declined_ = Declined{std::string(reason), std::string(detail)};
    }
  }

  [[nodiscard]] std::string in_place(std::string_view path) const {
    return absolute(question_.working_directory, path);
  }

  // "=dir" is below the sysroot.
  [[nodiscard]] std::string directory(std::string_view path) const {
    return path.starts_with('=') ? sysroot_ + std::string(path.substr(1)) : in_place(path);
  }

  // -L counts for every -l, also for those that stand before it, so directories come first.
  bool collect_options() {
    const Words& words = question_.words;
    std::vector<std::string> user_directories;
    for (size_t at = 0; at < words.size() && !stopped();) {
      if (!words[at].starts_with('-') || words[at] == "-") {
        if (words[at].starts_with('@')) {
          decline("response-file", words[at]);
        }
        ++at;
        continue;
      }
      const auto option = match_ld(words, at);
      if (!option) {
        decline("unknown-option", words[at]);
        break;
      }
      const std::string argument(option->argument);
      const std::string_view spelling = option->option->spelling;
      // gcc names its wrapper by a path that begins as the one by which it was called.
      const bool is_wrapper = spelling == "-plugin-opt=" && base_name(argument) == "lto-wrapper";
      if (option->option->does == Does::Declines && !is_wrapper) {
        decline(option->option->word, words[at]);
      } else if (option->option->does == Does::LibraryDirectory) {
        user_directories.push_back(argument);
      } else if (spelling.find("rpath") != std::string_view::npos) {
        split_into(argument, run_paths_);
        if (spelling.find("rpath-link") == std::string_view::npos) {
          split_into(argument, found_.link.run_paths);
        }
      } else if (spelling == "-h" || spelling.find("soname") != std::string_view::npos) {
        found_.link.soname = argument;
      } else if (spelling == "--sysroot=") {
        sysroot_ = argument;
      } else if (spelling == "-m") {
        kind_ = kind_of(argument);
      } else if (spelling == "-R") {
        decline("unknown-option", words[at]);  // a run path or --just-symbols, by what stands there
      } else if (option->option->does == Does::Output) {
        found_.output = argument;
      } else if (option->option->does == Does::WritesFile) {
        argument == "-" ? decline("special-output", words[at]) : found_.outputs.push_back(argument);
      }
      at += option->words;
    }
    for (const std::string& user : user_directories) {
      directories_.push_back(directory(user));
    }
    for (const std::string& builtin : question_.default_directories) {
      directories_.push_back(directory(builtin));
    }
    if (is_stream(found_.output)) {
      decline("special-output", found_.output);
    }
    return !stopped();
  }

  void take_words() {
    const Words& words = question_.words;
    std::vector<bool> states;
    for (size_t at = 0; at < words.size() && !stopped();) {
      const std::string& word = words[at];
      if (!word.starts_with('-')) {
        if (!question_.temporaries.contains(word)) {
          add_file(in_place(word));
        }
        ++at;
        continue;
      }
      const auto option = match_ld(words, at);
      const std::string_view spelling = option->option->spelling;
      if (spelling == "-Bstatic" || spelling == "-dn" || spelling == "-non_shared" || spelling == "-static" ||
          spelling == "--static") {
        static_only_ = true;
      } else if (spelling == "-Bdynamic" || spelling == "-dy" || spelling == "-call_shared") {
        static_only_ = false;
      } else if (spelling == "--push-state") {
        states.push_back(static_only_);
      } else if (spelling == "--pop-state" && !states.empty()) {
        static_only_ = states.back();
        states.pop_back();
      } else if (option->option->does == Does::LinkInput) {
        add_library(std::string(option->argument));
      } else if (option->option->does == Does::ReadsFile) {
        add_read_file(std::string(option->argument), spelling);
      }
      at += option->words;
    }
  }

  // -T and its like are looked for in the working directory, then where libraries are.
  void add_read_file(const std::string& name, std::string_view spelling) {
    std::string path = in_place(name);
    for (size_t i = 0; !is_there(path) && i < directories_.size() && !name.starts_with('/'); ++i) {
      path = directories_[i] + "/" + name;
    }
    if (!is_there(path)) {
      decline("missing-input", name);
      return;
    }
    const bool script = spelling == "-T" || spelling == "--script=" || spelling == "--default-script=" ||
                        spelling == "-dT" || spelling == "-c";
    script ? add_file(path) : add_plain(path);
  }

  void add_plain(const std::string& path) { found_.inputs.insert(path); }

  void add_library(const std::string& name) {
    std::vector<std::string> spellings;
    if (name.starts_with(':')) {
      spellings = {name.substr(1)};
    } else if (static_only_) {
      spellings = {"lib" + name + ".a"};
    } else {
      spellings = {"lib" + name + ".so", "lib" + name + ".a"};
    }
    for (const std::string& place : directories_) {
      for (const std::string& spelling : spellings) {
        const std::string path = place + "/" + spelling;
        if (is_there(path)) {
          add_file(path);
          if (stopped() || fits(path)) {
            return;
          }
        }
      }
    }
    decline("missing-library", "-l" + name);
  }

  // ld skips a library of another machine and goes on searching.
  [[nodiscard]] bool fits(const std::string& path) const {
    const auto entry = look_through(view_, path);
    if (!kind_ || !entry || !*entry || !std::holds_alternative<object::File>(**entry)) {
      return true;
    }
    const auto elf = read_elf(path);
    return !elf || !*elf || ((*elf)->is_64_bit == kind_->is_64_bit && (*elf)->machine == kind_->machine);
  }

  void add_file(const std::string& path) {
    if (stopped() || !found_.inputs.insert(path).second) {
      return;
    }
    const auto entry = look_through(view_, path);
    if (!entry) {
      error_ = entry.error();
      return;
    }
    if (!*entry) {
      decline("missing-input", path);
      return;
    }
    const auto link = link_behind(path, **entry);
    if (const auto* promise = std::get_if<object::Promise>(&**entry); promise != nullptr && !link) {
      add_promised(*promise, path);
    } else if (std::holds_alternative<object::File>(**entry)) {
      look_into(path);
    } else if (promise == nullptr) {
      decline("missing-input", path);
    }
    if (link) {
      add_read(*link, path);
    }
  }

  [[nodiscard]] std::optional<SharedLink> link_behind(const std::string& path,
                                                      const object::Entry& entry) const {
    if (!is_shared_library(path)) {
      return std::nullopt;
    }
    const auto* promise = std::get_if<object::Promise>(&entry);
    return promise != nullptr ? links_.of(promise->thunk) : links_.at(path);
  }

  // All that the library's own link read stands for what it needs of that.
  void add_read(const SharedLink& link, const std::string& path) {
    Elf library;
    for (const std::string& read : link.libraries) {
      if (!is_there(read)) {
        continue;
      }
      if (auto name = needed_as(read)) {
        library.needed.push_back(*std::move(name));
      }
      add_file(read);
    }
    for (const std::string& place : link.run_paths) {
      library.runpath += place + ":";
    }
    add_needed(library, path);
  }

  // The name by which what is linked with this library needs it. Nullopt: it is none (a linker script).
  [[nodiscard]] std::optional<std::string> needed_as(const std::string& path) const {
    const auto entry = look_through(view_, path);
    std::string soname;
    if (entry && *entry && std::holds_alternative<object::Promise>(**entry)) {
      const auto link = link_behind(path, **entry);
      soname = link ? link->soname : "";
    } else {
      const auto elf = read_elf(path);
      if (!elf || !*elf) {
        return std::nullopt;
      }
      soname = (*elf)->soname;
    }
    return soname.empty() ? std::string(base_name(path)) : soname;
  }

  void look_into(const std::string& path) {
    const auto magic = magic_of(path);
    if (!magic) {
      decline("missing-input", path);
    } else if (magic->starts_with("\x7f"
                                  "ELF")) {
      if (const auto elf = read_elf(path); elf && *elf) {
        add_needed(**elf, path);
      }
    } else if (magic == kThinArchiveMagic) {
      add_members(path);
    } else if (magic != kArchiveMagic && !magic->starts_with(kBitcodeMagic)) {
      add_script(path);
    }
  }

  void add_members(const std::string& path) {
    const auto archive = read_archive(base::read_file(path));
    if (!archive) {
      decline("odd-archive", path);
      return;
    }
    for (const std::string& member : archive->members) {
      add_file(absolute(parent_of(path), member));
    }
  }

  void add_script(const std::string& path) {
    const auto script = parse_link_script(base::read_file(path));
    if (!script || script->odd()) {
      // An object in a format of its own (LLVM's bitcode), or a script that leads elsewhere.
      decline("linker-script", path);
      return;
    }
    const bool below_sysroot = !sysroot_.empty() && path.starts_with(sysroot_ + "/");
    for (const std::string& input : script->inputs) {
      if (input.starts_with("-l")) {
        add_library(input.substr(2));
      } else if (input.starts_with('/')) {
        add_file(below_sysroot && is_there(sysroot_ + input) ? sysroot_ + input : input);
      } else if (input.starts_with('=')) {
        add_file(directory(input));
      } else {
        add_searched(input, path);
      }
    }
  }

  // A plain name in a script: beside the script, in the working directory, or along the library path.
  void add_searched(const std::string& name, const std::string& script) {
    bool somewhere = false;
    std::vector<std::string> places{parent_of(script), question_.working_directory};
    places.insert(places.end(), directories_.begin(), directories_.end());
    for (const std::string& place : places) {
      const std::string path = place + "/" + name;
      if (is_there(path)) {
        add_file(path);
        somewhere = true;
      }
    }
    if (!somewhere) {
      decline("missing-input", name);
    }
  }

  // Not finding one is no error: ld warns of it, or not, in a container as here.
  void add_needed(const Elf& elf, const std::string& path) {
    if (elf.needed.empty()) {
      return;
    }
    std::vector<std::string> places = run_paths_;
    split_into(elf.rpath, places);
    split_into(elf.runpath, places);
    if (const auto variable = question_.environment.find("LD_RUN_PATH");
        variable != question_.environment.end()) {
      split_into(variable->second, places);
    }
    read_configuration();
    places.insert(places.end(), configuration_.directories.begin(), configuration_.directories.end());
    places.insert(places.end(), directories_.begin(), directories_.end());
    for (const std::string& name : elf.needed) {
      for (std::string place : places) {
        if (const size_t at = place.find("$ORIGIN"); at != std::string::npos) {
          place.replace(at, std::string_view("$ORIGIN").size(), parent_of(path));
        }
        const std::string candidate = directory(place) + "/" + name;
        if (is_there(candidate)) {
          add_file(candidate);
        }
      }
    }
  }

  void read_configuration() {
    if (configuration_.files.empty()) {
      read_loader_configuration("/etc/ld.so.conf", configuration_);
      for (const std::string& file : configuration_.files) {
        add_plain(file);
      }
    }
  }

  // A library that an earlier run promised: what its thunk read, the tools' own libraries among it.
  void add_promised(const object::Promise& promise, const std::string& path) {
    const bool shared = is_shared_library(path);
    const bool archive = extension(path) == ".a";
    if (!shared && !archive) {
      return;
    }
    const auto thunk = read_thunk(store_, promise.thunk);
    if (!thunk) {
      error_ = thunk.error();
      return;
    }
    if (archive && !makes_thin_archive(*thunk)) {
      return;
    }
    auto leaves = leaves_of(store_, *thunk);
    if (!leaves) {
      error_ = leaves.error();
      return;
    }
    for (auto& leaf : *leaves) {
      if ((shared && is_shared_library(leaf.first)) || (archive && extension(leaf.first) == ".o")) {
        add_given(leaf.first, leaf.second);
      }
    }
  }

  void add_given(const std::string& path, const object::Entry& entry) {
    if (!given_.insert(path).second || stopped()) {
      return;
    }
    found_.given.emplace_back(path, entry);
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      add_promised(*promise, path);
    } else if (is_shared_library(path)) {
      const auto name = needed_as(path);
      const std::string needed = parent_of(path) + "/" + name.value_or("");
      if (name && is_there(needed)) {
        add_file(needed);
      }
    }
  }

  const LinkQuestion& question_;
  View& view_;
  object::Store& store_;
  const SharedLinks& links_;
  std::string sysroot_;
  LinkFootprint found_;
  std::vector<std::string> directories_;  // -L, then the built-in ones
  std::vector<std::string> run_paths_;    // -rpath-link and -rpath
  LoaderConfiguration configuration_;
  std::set<std::string> given_;
  std::optional<Kind> kind_;
  bool static_only_ = false;
  std::optional<Declined> declined_;
  std::optional<base::Error> error_;
};

}  // namespace

base::Result<LinkAnswer> find_link_inputs(const LinkQuestion& question, View& view, object::Store& store,
                                          const SharedLinks& links) {
  return Finder(question, view, store, links).run();
}

}  // namespace model
