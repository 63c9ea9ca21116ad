#include "model/binutils.hh"

#include "base/subprocess.hh"
#include "model/archive.hh"
#include "model/binutils_options.hh"
#include "model/environment.hh"
#include "model/gcc_command.hh"
#include "model/link_inputs.hh"
#include "model/link_step.hh"
#include "model/look.hh"
#include "model/paths.hh"
#include "model/source_words.hh"
#include "model/step.hh"
#include "model/thunk_reader.hh"
#include "model/tool_names.hh"
#include "model/view_files.hh"

#include <unistd.h>

#include <algorithm>
#include <set>

namespace model {

namespace {

// These tools run no other program: PATH leads to themselves alone.
constexpr const char* kPath = "";

// ar's operation and modifiers (ar(1)).
struct ArKey {
  char operation = 0;
  std::string modifiers;
};

std::variant<ArKey, Declined> parse_key(std::string_view word) {
  const auto declined = [&](const char* reason) { return Declined{reason, std::string(word)}; };
  std::string_view letters = word;
  if (letters.starts_with("--")) {
    return declined(letters == "--version" || letters == "--help" ? "query" : "unknown-option");
  }
  if (letters.starts_with('-')) {
    letters.remove_prefix(1);
  }
  ArKey key;
  for (const char c : letters) {
    if (std::string_view("rqdsmtpx").find(c) != std::string_view::npos && (key.operation == 0 || c != 's')) {
      if (key.operation != 0 && key.operation != 's') {
        return declined("unknown-option");
      }
      key.operation = c;
    } else if (std::string_view("csSuDTvUPfloabiN").find(c) != std::string_view::npos) {
      key.modifiers += c;
    } else {
      return declined("unknown-option");
    }
  }
  if (key.operation == 0 || key.operation == 't' || key.operation == 'p' || key.operation == 'x' ||
      key.operation == 'm') {
    return declined(key.operation == 'x' ? "unknown-outputs" : "query");
  }
  // Times and owners of members; names that stand before the archive's. `v` tells what it does, and is
  // replayed.
  if (key.modifiers.find_first_of("UabiNo") != std::string::npos) {
    return declined("unknown-option");
  }
  return key;
}

void add_members(const Archive& held, const std::string& archive, Step& step) {
  for (size_t i = 0; held.thin && i < held.members.size(); ++i) {
    step.add_input(absolute(parent_of(step.in_place(archive)), held.members[i]));
  }
}

// Will `ar r` with these files make of the archive what it would make of none? So it is where each member is
// replaced by its namesake in the same order, and new ones come behind. What the archive holds is then no
// input, and a build on top of a finished one hits the memos of the first.
bool is_made_anew(const Archive& archive, const ArKey& key, const std::vector<std::string>& files) {
  // Without `c` ar says that it creates an archive; `v` tells replaced members from added ones.
  const bool says_the_same =
      key.modifiers.find('c') != std::string::npos && key.modifiers.find('v') == std::string::npos;
  if (key.operation != 'r' || archive.thin || !says_the_same || archive.members.size() > files.size()) {
    return false;
  }
  std::set<std::string_view> names;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string_view name = base_name(files[i]);
    if (!names.insert(name).second || (i < archive.members.size() && name != archive.members[i])) {
      return false;
    }
  }
  return key.modifiers.find_first_not_of("csuD") == std::string::npos;
}

}  // namespace

BinutilsModel::BinutilsModel(View& view, object::Store& store, Toolchains& toolchains, ThunkBuilder& builder,
                             SharedLinks& links)
    : view_(view), store_(store), toolchains_(toolchains), builder_(builder), links_(links) {}

base::Result<Inference> BinutilsModel::ar(const Invocation& invocation) {
  const Archiver archiver = toolchains_.archiver(invocation.program, "ar", path_variable_of(invocation));
  auto environment = thunk_environment(invocation, archiver.path_variable);
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  Step step(view_, builder_, invocation, std::get<0>(environment));
  auto read = expand_response_files(view_, invocation, step);
  if (auto* answer = std::get_if<Inference>(&read)) {
    return std::move(*answer);
  }
  auto& words = std::get<0>(read);
  bool thin = false;
  if (!words.empty() && words[0] == "--thin") {
    thin = true;
    words.erase(words.begin());
  }
  if (words.size() < 2) {
    return Inference(Declined{"query", words.empty() ? "" : words[0]});
  }
  const auto parsed = parse_key(words[0]);
  if (const auto* declined = std::get_if<Declined>(&parsed)) {
    return Inference(*declined);
  }
  const auto& key = std::get<ArKey>(parsed);
  thin = thin || key.modifiers.find('T') != std::string::npos;
  const auto defaults = toolchains_.is_deterministic_archiver(archiver.program);
  if (!defaults && key.modifiers.find('D') == std::string::npos) {
    return Inference(Declined{"archive-times", words[0]});
  }
  step.use(archiver.tools);
  const std::string archive = words[1];
  const auto there = look_through(view_, step.in_place(archive));
  if (!there) {
    return tl::unexpected(there.error());
  }
  if (*there) {
    const auto bytes = step.read_condition(archive);
    const auto held = bytes && *bytes ? read_archive(**bytes) : std::nullopt;
    if (!held) {  // a promise, or damaged
      step.add_input(archive);
      if (auto declined = add_thin_members(**there, archive, step)) {
        return std::move(*declined);
      }
    } else if (!is_made_anew(*held, key, {words.begin() + 2, words.end()})) {
      step.add_input(archive);
      add_members(*held, archive, step);
    }
  } else if (key.operation == 's' || key.operation == 'd') {
    return Inference(Declined{"missing-input", archive});
  }
  for (size_t i = 2; i < words.size() && key.operation != 'd'; ++i) {
    if (words[i].starts_with('-')) {
      return Inference(Declined{"unknown-option", words[i]});
    }
    step.add_input(words[i]);
    // An archive put into a thin archive is flattened: its own members are read.
    const auto member = thin ? look_through(view_, step.in_place(words[i])) : std::nullopt;
    if (member && *member) {
      if (auto declined = add_thin_members(**member, words[i], step)) {
        return std::move(*declined);
      }
    }
  }
  if (auto declined = add_changed(archive, archiver, step)) {
    return Inference(*std::move(declined));
  }
  return step.finish("archive " + archive);
}

// binutils write into an archive that is there, which keeps its mode and all its names; LLVM's put a new one
// in its place.
std::optional<Declined> BinutilsModel::add_changed(const std::string& archive, const Archiver& archiver,
                                                   Step& step) {
  const std::string path = step.in_place(archive);
  const bool kept = ::access(path.c_str(), F_OK) == 0 && tool_at(archiver.program) != Tool::LlvmAr;
  if (kept && has_other_names(path)) {
    return Declined{"special-output", archive};
  }
  if (kept && !has_ordinary_mode(path, step.file_mode_mask())) {
    return Declined{"file-mode", archive};
  }
  step.add_output(archive, Output::Made::Always, kept && is_executable(path));
  return std::nullopt;
}

std::optional<Inference> BinutilsModel::add_thin_members(const object::Entry& entry,
                                                         const std::string& archive, Step& step) {
  if (const auto* promise = std::get_if<object::Promise>(&entry)) {
    const auto thunk = read_thunk(store_, promise->thunk);
    if (!thunk) {
      return Inference(Declined{"error", thunk.error().message});
    }
    // What it refers to is known for sure only when it is there.
    return makes_thin_archive(*thunk) ? std::optional(Inference(MustRead{{*promise}})) : std::nullopt;
  }
  const auto bytes = step.read_input(archive);
  if (!bytes || !*bytes || !(*bytes)->starts_with(kThinArchiveMagic)) {
    return std::nullopt;
  }
  const auto read = read_archive(**bytes);
  if (!read) {
    return Inference(Declined{"odd-archive", archive});
  }
  add_members(*read, archive, step);
  return std::nullopt;
}

base::Result<Inference> BinutilsModel::ranlib(const Invocation& invocation) {
  const Archiver archiver = toolchains_.archiver(invocation.program, "ranlib", path_variable_of(invocation));
  auto environment = thunk_environment(invocation, archiver.path_variable);
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  Step step(view_, builder_, invocation, std::get<0>(environment));
  std::vector<std::string> archives;
  bool deterministic = toolchains_.is_deterministic_archiver(archiver.program);
  for (size_t i = 1; i < invocation.argv.size(); ++i) {
    const std::string& word = invocation.argv[i];
    if (word == "-D") {
      deterministic = true;
    } else if (word.starts_with('-') || word.starts_with('@')) {
      const bool query =
          word == "-v" || word == "-V" || word == "--version" || word == "--help" || word == "-h";
      return Inference(Declined{query ? "query" : "unknown-option", word});
    } else {
      archives.push_back(word);
    }
  }
  if (archives.empty() || !deterministic) {
    return Inference(Declined{archives.empty() ? "no-input" : "archive-times", ""});
  }
  step.use(archiver.tools);
  for (const std::string& archive : archives) {
    const auto there = look_through(view_, step.in_place(archive));
    if (!there) {
      return tl::unexpected(there.error());
    }
    if (!*there) {
      return Inference(Declined{"missing-input", archive});
    }
    step.add_input(archive);
    if (auto declined = add_thin_members(**there, archive, step)) {
      return std::move(*declined);
    }
    if (auto declined = add_changed(archive, archiver, step)) {
      return Inference(*std::move(declined));
    }
  }
  return step.finish("index " + archives.front());
}

base::Result<Inference> BinutilsModel::ld(const Invocation& invocation) {
  auto environment = thunk_environment(invocation, kPath);
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  Step step(view_, builder_, invocation, std::get<0>(environment));
  auto read = expand_response_files(view_, invocation, step);
  if (auto* answer = std::get_if<Inference>(&read)) {
    return std::move(*answer);
  }
  LinkQuestion question;
  question.words = std::get<0>(read);
  const LinkerDefaults defaults = toolchains_.linker_defaults(invocation.program, question.words);
  question.default_directories = defaults.directories;
  question.sysroot = defaults.sysroot;
  question.working_directory = invocation.working_directory;
  question.environment = step.footprint().environment;
  if (std::none_of(question.words.begin(), question.words.end(),
                   [](const std::string& word) { return !word.starts_with('-'); })) {
    return Inference(Declined{"no-input", ""});
  }
  auto found = find_link_inputs(question, view_, store_, links_);
  if (!found) {
    return tl::unexpected(found.error());
  }
  if (const auto* declined = std::get_if<Declined>(&*found)) {
    return Inference(*declined);
  }
  if (const auto* must_read = std::get_if<MustRead>(&*found)) {
    return Inference(*must_read);
  }
  step.use(*toolchains_.program(invocation.program));
  const auto& link = std::get<LinkFootprint>(*found);
  add_link(step, link);
  step.add_output(link.output, Output::Made::Always, makes_an_executable(question.words));
  auto inference = step.finish("link " + link.output);
  if (inference) {
    note_link(links_, link, *inference);
  }
  return inference;
}

base::Result<Inference> BinutilsModel::as(const Invocation& invocation) {
  auto environment = thunk_environment(invocation, kPath);
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  Step step(view_, builder_, invocation, std::get<0>(environment));
  auto read = expand_response_files(view_, invocation, step);
  if (auto* answer = std::get_if<Inference>(&read)) {
    return std::move(*answer);
  }
  const auto& words = std::get<0>(read);
  std::string output = "a.out";
  std::vector<std::string> sources;
  for (size_t at = 0; at < words.size();) {
    if (words[at] == "-" || words[at] == "--") {
      return Inference(Declined{"standard-input", words[at]});
    }
    if (!words[at].starts_with('-')) {
      sources.push_back(words[at++]);
      continue;
    }
    const auto option = match(as_options(), words, at);
    if (!option || option->option->does == Does::Declines) {
      return Inference(Declined{option ? std::string(option->option->word) : "unknown-option", words[at]});
    }
    if (option->option->does == Does::Output) {
      output = option->argument;
    } else if (option->option->does == Does::SearchDirectory) {
      step.add_directory(std::string(option->argument));
    }
    at += option->words;
  }
  if (sources.empty()) {
    return Inference(Declined{"standard-input", ""});
  }
  if (is_stream(output)) {
    return Inference(Declined{"special-output", output});
  }
  for (const std::string& source : sources) {
    const auto entry = look_through(view_, step.in_place(source));
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      return Inference(MustRead{{*promise}});
    }
    const auto bytes = step.read_input(source);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    if (!*bytes) {
      return Inference(Declined{"missing-input", source});
    }
    if (words_of(**bytes).reads_files) {
      return Inference(Declined{"included-binary", source});
    }
    step.add_input(source);
  }
  step.use(*toolchains_.program(invocation.program));
  step.add_output(output, Output::Made::Always, false);
  return step.finish("assemble " + sources.front());
}

}  // namespace model
