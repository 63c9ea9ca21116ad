#include "intercept/command_steps.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "model/archive.hh"
#include "model/gcc_command.hh"
#include "model/link_script.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

namespace intercept {

namespace {

constexpr int kDeepest =
    10;  // response files name others; libiberty's limit is higher, but none is that deep

// "" for what is no regular file, and may be a pipe that is to be read once.
std::string text_of(const std::string& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return "";
  }
  try {
    return base::read_file_if_there(path).value_or("");
  } catch (const base::SyscallError&) {  // the tool will say so
    return "";
  }
}

// Each with its argument behind it, joined or as the next word; gcc and clang alike.
// The first that a word begins with counts.
constexpr const char* kOfPreprocessor[] = {"-include-pch", "-I",       "-D",       "-U",         "-isystem",
                                           "-iquote",      "-include", "-imacros", "-idirafter", "-x"};

void add_words(std::vector<std::string>& words, const std::string& word, const std::string& directory,
               int depth) {
  words.push_back(word);
  if (word.size() < 2 || word[0] != '@' || depth == kDeepest) {
    return;
  }
  const std::string path = model::absolute(directory, word.substr(1));
  words.push_back(path);  // it may be a placeholder itself
  for (const std::string& inner : model::split_response_file(text_of(path))) {
    add_words(words, inner, directory, depth + 1);
  }
}

// All of the command line but the program, response files among them.
std::vector<std::string> words_of(const model::Invocation& invocation) {
  std::vector<std::string> words;
  for (size_t i = 1; i < invocation.argv.size(); ++i) {
    add_words(words, invocation.argv[i], invocation.working_directory, 0);
  }
  return words;
}

bool is_source(const std::string& word) {
  const auto language = word.starts_with('-') ? std::nullopt : model::language_of(word);
  return language && model::is_preprocessed_by_us(*language);
}

// "-Wl,-T,script" and "--just-symbols=file" mean the last parts.
void add_parts(std::vector<std::string>& parts, std::string_view word) {
  parts.emplace_back(word.substr(std::min<size_t>(2, word.size())));
  while (!word.empty()) {
    const std::string_view part = word.substr(0, word.find(','));
    parts.emplace_back(part);
    if (const size_t equals = part.find('='); equals != std::string_view::npos) {
      parts.emplace_back(part.substr(equals + 1));
    }
    word.remove_prefix(std::min(word.size(), part.size() + 1));
  }
}

// What a command line names, and where it says that libraries are.
struct Named {
  std::vector<std::string> paths;  // absolute
  std::vector<std::string> folders;
};

std::vector<std::string> libraries_along(const std::vector<std::string>& folders, const std::string& name) {
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    if (name.starts_with(':')) {
      paths.push_back(folder + "/" + name.substr(1));
    } else {
      paths.insert(paths.end(), {folder + "/lib" + name + ".so", folder + "/lib" + name + ".a"});
    }
  }
  return paths;
}

Named named_by(const model::Invocation& invocation) {
  const std::vector<std::string> words = words_of(invocation);
  std::vector<std::string> parts;
  std::vector<std::string> libraries;
  Named named;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-')) {
      parts.push_back(word);
    } else if (word.starts_with("-L") || word.starts_with("-l")) {
      auto& list = word[1] == 'L' ? named.folders : libraries;
      list.push_back(word.size() > 2 || i + 1 == words.size() ? word.substr(2) : words[i + 1]);
    } else {
      add_parts(parts, word);
    }
  }
  for (const std::string& library : libraries) {
    const auto along = libraries_along(named.folders, library);
    parts.insert(parts.end(), along.begin(), along.end());
  }
  for (const std::string& part : parts) {
    if (!part.empty()) {
      named.paths.push_back(model::absolute(invocation.working_directory, part));
    }
  }
  return named;
}

// A name that a linker script at `script` gives: beside it, in the working directory, or along -L (ld's
// manual, INPUT).
std::vector<std::string> named_in_script(const std::string& name, const std::string& script,
                                         const std::vector<std::string>& folders,
                                         const std::string& directory) {
  std::vector<std::string> paths;
  if (name.starts_with("-l")) {
    paths = libraries_along(folders, name.substr(2));
  } else {
    paths = {model::absolute(model::parent_of(script), name), name};
    for (const std::string& folder : folders) {
      paths.push_back(model::absolute(folder, name));
    }
  }
  for (std::string& path : paths) {
    path = model::absolute(directory, path);
  }
  return paths;
}

// What the linker script or thin archive at the path names; none where it is neither. The directories that a
// script leads to are added.
std::vector<std::string> named_in(const std::string& path, Named& named, const std::string& directory) {
  constexpr off_t kMostScriptBytes = 1 << 20;

  struct stat status {};

  const bool is_file = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  const auto magic = is_file ? model::magic_of(path) : std::nullopt;
  if (!magic) {
    return {};
  }
  std::vector<std::string> paths;
  if (*magic == model::kThinArchiveMagic) {
    const auto archive = model::read_archive(base::read_file(path));
    for (const std::string& member : archive ? archive->members : std::vector<std::string>()) {
      paths.push_back(model::absolute(model::parent_of(path), member));
    }
    return paths;
  }
  const auto script = status.st_size <= kMostScriptBytes ? model::parse_link_script(base::read_file(path))
                                                         : std::optional<model::LinkScript>();
  if (!script) {
    return {};
  }
  std::vector<std::string> names = script->leads_to;
  named.folders.insert(named.folders.end(), names.begin(), names.end());
  names.insert(names.end(), script->inputs.begin(), script->inputs.end());
  for (const std::string& name : names) {
    const auto places = named_in_script(name, path, named.folders, directory);
    paths.insert(paths.end(), places.begin(), places.end());
  }
  return paths;
}

}  // namespace

std::optional<std::string> output_that_cannot_be_made(const model::Inferred& inferred) {
  const auto found = std::find_if(inferred.outputs.begin(), inferred.outputs.end(),
                                  [](const model::Output& output) { return !can_be_made(output.path); });
  return found == inferred.outputs.end() ? std::nullopt : std::optional(found->path);
}

std::optional<Streams> held_streams(object::Store& store, const ir::Result& result) {
  Streams streams;
  for (const auto& [digest, bytes] :
       {std::pair{&result.standard_output, &streams.out}, {&result.standard_error, &streams.err}}) {
    auto held = *digest ? store.get(**digest) : base::Result<std::optional<std::string>>("");
    if (!held || !*held) {
      return std::nullopt;
    }
    *bytes = **std::move(held);
  }
  return streams;
}

std::optional<Streams> finish(object::FileStore& store, const model::Inferred& inferred,
                              const ir::Result& result, mode_t mask,
                              const std::function<std::string(const std::string& path)>& at) {
  auto streams = held_streams(store, result);
  const bool placed = streams && write_now_files(inferred, mask, at) &&
                      place_outputs(store, inferred, result, OutputsToPlace::All, mask, at);
  return placed ? std::move(streams) : std::nullopt;
}

base::Result<std::optional<model::Inferred>> inferred_again(model::Models& models,
                                                            const model::Invocation& invocation,
                                                            const model::Inferred& before,
                                                            const std::function<bool()>& stopping) {
  for (int question = 0; question < kMostQuestions; ++question) {
    auto inference = stopping() ? std::nullopt : models.infer_again(invocation);
    auto* other = inference ? std::get_if<model::Inferred>(&*inference) : nullptr;
    if (other == nullptr || other->outputs.size() != before.outputs.size()) {
      return std::nullopt;
    }
    const auto kept = models.keep(*other);
    if (!kept) {
      return tl::unexpected(kept.error());
    }
    if (*kept) {
      return std::optional(std::move(*other));
    }  // else a source changed just now
  }
  return base::failure("what '" + before.label + "' reads kept changing");
}

CommandReport report_of(Outcome outcome, const std::string& reason, const std::string& detail,
                        const model::Invocation& invocation, const model::Inferred* inferred) {
  CommandReport told;
  told.outcome = outcome;
  told.reason = reason;
  told.detail = detail;
  told.label = inferred != nullptr ? inferred->label : std::string(model::base_name(invocation.program));
  told.argv = invocation.argv;
  told.working_directory = invocation.working_directory;
  if (inferred != nullptr) {
    told.thunk = inferred->thunk;
    for (const model::Output& output : inferred->outputs) {
      told.outputs.push_back(output.path);
    }
  }
  return told;
}

std::vector<model::Invocation> preprocessing_in(const model::Invocation& invocation) {
  const auto tool = model::tool_at(invocation.program);
  if (tool != model::Tool::Gcc && tool != model::Tool::Gxx && tool != model::Tool::Clang) {
    return {};
  }
  const std::vector<std::string> words = words_of(invocation);
  std::vector<std::string> kept{invocation.argv.at(0)};
  std::vector<std::string> sources;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto option = std::find_if(std::begin(kOfPreprocessor), std::end(kOfPreprocessor),
                                     [&](const char* spelling) { return words[i].starts_with(spelling); });
    if (option != std::end(kOfPreprocessor)) {
      kept.push_back(words[i]);
      if (words[i] == *option && i + 1 < words.size()) {
        kept.push_back(words[++i]);
      }
    } else if (words[i].starts_with("-std=")) {
      kept.push_back(words[i]);
    } else if (is_source(words[i])) {
      sources.push_back(words[i]);
    }
  }
  std::vector<model::Invocation> parts;
  for (const std::string& source : sources) {
    model::Invocation part = invocation;
    part.argv = kept;
    part.argv.insert(part.argv.end(), {"-c", source});
    std::erase_if(part.environment, [](const auto& variable) {
      return variable.first != "PATH" && !variable.first.ends_with("CPATH") &&
             !variable.first.ends_with("INCLUDE_PATH");
    });
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<std::string> paths_named_by(const model::Invocation& invocation) {
  return named_by(invocation).paths;
}

std::vector<std::string> paths_led_to_by(const model::Invocation& invocation) {
  Named named = named_by(invocation);
  std::set<std::string> known(named.paths.begin(), named.paths.end());
  for (size_t i = 0; i < named.paths.size(); ++i) {
    for (const std::string& path :
         named_in(std::string(named.paths[i]), named, invocation.working_directory)) {
      if (known.insert(path).second) {
        named.paths.push_back(path);
      }
    }
  }
  return named.paths;
}

}  // namespace intercept
