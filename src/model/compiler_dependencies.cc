#include "model/compiler_dependencies.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/driver_questions.hh"
#include "model/file_states.hh"
#include "model/look.hh"
#include "model/paths.hh"
#include "model/scan/compiler_facts.hh"
#include "model/scan/depfile.hh"
#include "model/source_words.hh"
#include "model/view_files.hh"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace model {

namespace {

constexpr std::chrono::minutes kTimeLimit{5};  // generous: a machine under load, a huge generated source

std::vector<std::string> environment_words(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words;
  for (const auto& variable : environment) {
    // We read what it says; and depfiles don't depend on the language.
    if (!variable.first.starts_with("LC_") && variable.first != "LANGUAGE") {
      words.push_back(variable.first + "=" + variable.second);
    }
  }
  words.emplace_back("LC_ALL=C");
  return words;
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Depfiles can't quote every name (a backslash, a newline), so a name read from one may be none. All files
// but those that are passed over as repetitions are known from -H, too, where names are plain.
void add_if_there(const std::vector<std::string>& names, const std::string& directory,
                  std::vector<std::string>& files) {
  for (const std::string& name : names) {
    if (is_there(absolute(directory, name))) {
      files.push_back(name);
    }
  }
}

bool is_for_user_headers(const PreprocessingQuestion& question) {
  return question.dependencies.wanted && question.dependencies.user_headers_only;
}

// clang's -H makes -MMD tell of system headers, too; without it nothing tells of them.
bool hides_headers(const PreprocessingQuestion& question) {
  return is_for_user_headers(question) && question.toolchain->maker == Toolchain::Maker::Llvm;
}

// The words to ask with, argv[0] included. Not -M: that expands no macros outside of directives, where a
// _Pragma or
// __COUNTER__ may be.
std::vector<std::string> question_words(const PreprocessingQuestion& question) {
  std::vector<std::string> words{question.argv0};
  append(words, question.options);
  if (question.precompiled == PreprocessingQuestion::Precompiled::Taken) {
    words.emplace_back("-fpch-preprocess");
  }
  const char* const how = is_for_user_headers(question) ? "-MMD" : "-MD";
  // clang -E takes the header itself for what was compiled of it.
  append(words, question.precompiled_file.empty() ? std::vector<std::string>{"-E", "-o", "/dev/null"}
                                                  : std::vector<std::string>{"-fsyntax-only"});
  append(words, {how, "-MF", "/dev/stdout", "-v"});
  if (!hides_headers(question)) {
    words.emplace_back("-H");
  }
  if (question.dependencies.phony_targets) {
    words.emplace_back("-MP");
  }
  // gcc's driver would put them in an order of its own, and clang's compiler does not know -MQ.
  const bool past_driver = question.toolchain->maker == Toolchain::Maker::Gnu;
  for (const scan::DepfileTarget& target : targets_of(question)) {
    const char* const option = target.quote ? "-MQ" : "-MT";
    append(words, past_driver
                      ? std::vector<std::string>{"-Xpreprocessor", option, "-Xpreprocessor", target.name}
                      : std::vector<std::string>{option, target.name});
  }
  append(words, {"-x", std::string(spelling(question.source.language)), question.source.path});
  return words;
}

// clang looks at <sys/types.h>'s directory before the file, so "sys" is asked for below every searched one.
void add_folders_looked_into(Preprocessing& found) {
  const std::vector<std::string> searched = found.directories;
  std::set<std::string> folders;
  for (const std::string& directory : searched) {
    for (const scan::Reading& reading : found.read) {
      const std::string& file = reading.path;
      if (file.starts_with(directory + "/")) {
        folders.insert(file.substr(directory.size(), file.rfind('/') - directory.size()));
      }
    }
  }
  folders.erase("");
  for (const std::string& directory : searched) {
    for (const std::string& folder : folders) {
      if (is_directory(directory + folder)) {
        found.directories.push_back(directory + folder);
      }
    }
  }
}

// It holds no words.
bool is_compiled(const std::string& path, const PreprocessingQuestion& question) {
  const std::string& told = question.precompiled_file;
  const bool is_told = !told.empty() && path == absolute(question.working_directory, told);
  return is_told || path.ends_with(".gch") || parent_of(path).ends_with(".gch");
}

// Under -E the compiler passes over precompiled headers, which it would read for the first #include: one that
// stands anywhere on the way to that header.
std::string precompiled_header(const std::string& first, const std::vector<std::string>& directories) {
  for (size_t slash = first.rfind('/'); slash != std::string::npos && slash != 0;
       slash = first.rfind('/', slash - 1)) {
    for (const std::string& directory : directories) {
      std::string candidate = directory + first.substr(slash) + ".gch";
      if (is_there(candidate)) {
        return candidate;
      }
    }
  }
  return is_there(first + ".gch") ? first + ".gch" : "";
}

// What is left of `text` behind the comment that it begins with, if it does.
std::string_view past_comment(std::string_view text) {
  if (text.starts_with("//")) {
    return text.substr(std::min(text.find('\n'), text.size()));
  }
  if (!text.starts_with("/*")) {
    return text;
  }
  const size_t end = text.find("*/", 2);
  return end == std::string_view::npos ? "" : text.substr(end + 2);
}

std::string_view past_blanks(std::string_view text, std::string_view blanks) {
  while (!text.empty()) {
    const std::string_view rest =
        blanks.find(text.front()) != std::string_view::npos ? text.substr(1) : past_comment(text);
    if (rest.size() == text.size()) {
      break;
    }
    text = rest;
  }
  return text;
}

// Past what is left of a directive.
std::string_view past_line(std::string_view text) {
  while (!text.empty() && text.front() != '\n') {
    const std::string_view rest = past_comment(text);
    text = rest.size() != text.size() ? rest : text.substr(text.starts_with("\\\n") ? 2 : 1);
  }
  return text;
}

// Does the compiler's parser get something before the first #include? Then it takes no precompiled header any
// more, of which the preprocessor by itself knows nothing. True also for what may be nothing to it: text that
// a condition leaves out, a pragma of the preprocessor's own.
bool begins_with_more_than_directives(std::string_view source) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  source.remove_prefix(source.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  for (source = past_blanks(source, " \t\r\n\f\v"); !source.empty();
       source = past_blanks(source, " \t\r\n\f\v")) {
    if (source.front() != '#') {
      return true;
    }
    source = past_blanks(source.substr(1), " \t");
    if (source.starts_with("include") || source.starts_with("import")) {
      return false;
    }
    if (source.starts_with("pragma")) {
      return true;
    }
    source = past_line(source);
  }
  return false;
}

bool forces_a_header(const PreprocessingQuestion& question) {
  return std::any_of(question.options.begin(), question.options.end(), [](const std::string& word) {
    return word.starts_with("-include") || word.starts_with("--include") || word.starts_with("-imacros");
  });
}

// A precompiled header that the compiler looked into.
struct TriedHeader {
  scan::Reading file;
  bool taken = false;
};

// gcc takes the first of a folder that fits, in the folder's own order, which a container's does not have: it
// gets the one that is taken. Nullopt: the others would be heard of.
std::optional<std::vector<scan::Reading>> given_of(const std::vector<TriedHeader>& tried,
                                                   bool tells_why_not) {
  std::map<std::string, size_t> by_folder;
  for (const TriedHeader& one : tried) {
    ++by_folder[parent_of(one.file.path)];
  }
  std::vector<scan::Reading> given;
  for (const TriedHeader& one : tried) {
    const std::string folder = parent_of(one.file.path);
    if (folder.ends_with(".gch")) {
      if (tells_why_not && by_folder[folder] > 1) {
        return std::nullopt;
      }
      if (!tells_why_not && !one.taken) {
        continue;
      }
    }
    given.push_back(one.file);
  }
  return given;
}

bool tells_why_not(const PreprocessingQuestion& question) {
  return std::find(question.options.begin(), question.options.end(), "-Winvalid-pch") !=
         question.options.end();
}

// Before C++11 there are no raw strings.
bool is_old_cxx(const std::vector<std::string>& options) {
  return std::any_of(options.begin(), options.end(), [](const std::string& word) {
    const bool names_standard = word.starts_with("-std=") || word.starts_with("--std=");
    return word == "-ansi" || word == "--ansi" ||
           (names_standard && (word.ends_with("98") || word.ends_with("03")));
  });
}

}  // namespace

std::vector<std::string> prerequisites(std::string_view depfile) {
  // The targets end at the first ": " that isn't escaped; a Windows drive isn't our concern.
  std::vector<std::string> files;
  std::string word;
  bool past_targets = false;
  for (size_t i = 0; i <= depfile.size(); ++i) {
    const char c = i < depfile.size() ? depfile[i] : '\n';
    const char next = i + 1 < depfile.size() ? depfile[i + 1] : '\n';
    if (c == '\\' && next == '\n') {
      ++i;
    } else if (c == '\\' && (next == ' ' || next == '\t' || next == '#' || next == '\\')) {
      // Backslashes are doubled only where they stand before a blank.
      size_t run = 0;
      while (i + run < depfile.size() && depfile[i + run] == '\\') {
        ++run;
      }
      const char after = i + run < depfile.size() ? depfile[i + run] : '\n';
      const bool blank = after == ' ' || after == '\t';
      if (blank && run % 2 == 1) {
        word.append(run / 2, '\\');
        word += after;
        i += run;
      } else if (after == '#') {
        word.append(run - 1, '\\');
        word += '#';
        i += run;
      } else {
        word.append(run, '\\');
        i += run - 1;
      }
      continue;
    } else if (c == '$' && next == '$') {
      word += '$';
      ++i;
      continue;
    } else if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    if (!past_targets) {
      past_targets = word.ends_with(':');
    } else if (!word.empty()) {
      files.push_back(word);
    }
    word.clear();
    if (c == '\n' && past_targets) {
      break;
    }
  }
  return files;
}

std::vector<scan::DepfileTarget> targets_of(const PreprocessingQuestion& question) {
  const DependencyFile& dependencies = question.dependencies;
  std::vector<scan::DepfileTarget> targets = dependencies.targets;
  if (question.toolchain->maker == Toolchain::Maker::Gnu) {
    // gcc's specs (cpp_unique_options): %{MQ*} %{MT*}, the output where neither stands, and %Z at the end.
    std::stable_partition(targets.begin(), targets.end(),
                          [](const scan::DepfileTarget& target) { return target.quote; });
  }
  if (targets.empty() && !dependencies.asked_of_preprocessor && !question.output.empty()) {
    targets.push_back({question.output, true});
  }
  targets.insert(targets.end(), dependencies.targets_of_preprocessor.begin(),
                 dependencies.targets_of_preprocessor.end());
  if (targets.empty()) {
    targets.push_back({scan::default_target(question.source.path), true});
  }
  return targets;
}

std::vector<std::string> entered_files(std::string_view report) {
  std::vector<std::string> files;
  while (!report.empty()) {
    const size_t end = std::min(report.find('\n'), report.size());
    const std::string_view line = report.substr(0, end);
    report.remove_prefix(std::min(end + 1, report.size()));
    if (line == "Multiple include guards may be useful for:") {
      break;
    }
    // ". path", ".. path": as deep as there are dots.
    const size_t dots = line.find_first_not_of('.');
    if (dots != 0 && dots != std::string_view::npos && line[dots] == ' ') {
      files.emplace_back(line.substr(dots + 1));
    }
  }
  return files;
}

std::vector<std::pair<std::string, bool>> tried_headers(std::string_view report) {
  std::vector<std::pair<std::string, bool>> tried;
  while (!report.empty()) {
    const size_t end = std::min(report.find('\n'), report.size());
    const std::string_view line = report.substr(0, end);
    report.remove_prefix(std::min(end + 1, report.size()));
    if (line.starts_with("! ") || line.starts_with("x ")) {
      tried.emplace_back(line.substr(2), line.starts_with('!'));
    }
  }
  return tried;
}

base::Result<CompilerDependencies::Said> CompilerDependencies::ask(const PreprocessingQuestion& question) {
  if (!hides_headers(question)) {
    return ask_once(question);
  }
  PreprocessingQuestion whole = question;
  whole.dependencies.user_headers_only = false;
  auto said = ask_once(whole);
  if (said && !said->failed) {
    auto partial = ask_once(question);
    if (!partial) {
      return partial;
    }
    said->depfile = std::move(partial->depfile);
  }
  return said;
}

base::Result<CompilerDependencies::Said> CompilerDependencies::ask_once(
    const PreprocessingQuestion& question) {
  base::Completed done;
  try {
    done = base::run({question.toolchain->driver, question_words(question),
                      environment_words(question.environment), question.working_directory,
                      view_.pristine_root(), kTimeLimit});
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  } catch (const base::OperatorError& error) {
    return base::failure(error.what());
  }
  Said said;
  said.failed = done.exit_code != 0;
  const auto printed = scan::parse_verbose(done.err);
  if (!printed && !said.failed) {
    return base::failure("'" + question.toolchain->driver + "' does not say where it looks for headers (-v)");
  }
  if (printed) {
    append(said.directories, printed->quote);
    append(said.directories, printed->bracket);
    append(said.files, entered_files(done.err));
    said.first = said.files.empty() ? "" : said.files.front();
    said.precompiled = tried_headers(done.err);
  }
  said.files.push_back(question.source.path);
  add_if_there(prerequisites(done.out), question.working_directory, said.files);
  // Entered before anything else, and not reported by -H.
  for (const std::string& directory : said.directories) {
    add_if_there({directory + "/stdc-predef.h"}, question.working_directory, said.files);
  }
  if (question.dependencies.wanted) {
    said.depfile = std::move(done.out);
  }
  return said;
}

base::Result<std::optional<Declined>> CompilerDependencies::objection(const std::string& path,
                                                                      const PreprocessingQuestion& question) {
  const auto bytes = read_through(view_, path);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  if (!*bytes) {
    return Declined{"missing-input", path};
  }
  const bool modern_cxx = is_cxx(question.source.language) && !is_old_cxx(question.options);
  const SourceWords words = modern_cxx ? words_of_cxx(**bytes) : words_of(**bytes);
  const bool expands = is_preprocessed_by_us(question.source.language);
  const bool date_is_fixed = question.environment.contains("SOURCE_DATE_EPOCH");
  if (expands && (words.timestamp_macro || (words.date_macro && !date_is_fixed))) {
    return Declined{"date-macro", path};
  }
  if (words.reads_files) {
    return Declined{"included-binary", path};
  }
  return std::nullopt;
}

// A file that changes while the compiler runs may be one thing to it and another to us.
base::Result<CompilerDependencies::Answer> CompilerDependencies::ask_until_steady(
    const PreprocessingQuestion& question) {
  constexpr int kAttempts = 5;
  Answer answer;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const base::Nanoseconds start = clock_.wall();
    auto said = is_preprocessed_by_us(question.source.language)
                    ? ask(question)
                    : base::Result<Said>(Said{false, {question.source.path}, "", {}, {}, ""});
    if (!said) {
      return tl::unexpected(said.error());
    }
    std::vector<std::string> paths;
    for (const std::string& file : said->files) {
      paths.push_back(absolute(question.working_directory, file));
    }
    if (!question.precompiled_file.empty()) {
      paths.push_back(absolute(question.working_directory, question.precompiled_file));
    }
    for (const auto& tried : said->precompiled) {
      paths.push_back(absolute(question.working_directory, tried.first));
    }
    FileStates states = states_of(view_, paths, start);
    const bool steady = attempt > 0 && states.files == answer.files;
    const bool settled = states.settled;
    answer = {*std::move(said), std::move(states.files)};
    if (settled || steady) {
      return answer;
    }
  }
  return base::failure("what '" + question.source.path + "' includes kept changing while it was read");
}

base::Result<PreprocessingAnswer> CompilerDependencies::of(const PreprocessingQuestion& question) {
  auto answer = ask_until_steady(question);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  Said& said = answer->said;
  const auto& files = answer->files;
  const auto in_place = [&](const std::string& path) { return absolute(question.working_directory, path); };
  const auto refusal = refuse(files, question);
  if (!refusal) {
    return tl::unexpected(refusal.error());
  }
  if (*refusal) {
    return **refusal;
  }
  if (said.failed) {
    return PreprocessingAnswer(Declined{"preprocessing-fails", question.source.path});
  }
  Preprocessing found;
  for (const auto& file : files) {
    found.read.push_back({file.first, file.second, std::nullopt});
  }
  for (const std::string& directory : said.directories) {
    found.directories.push_back(in_place(directory));
  }
  std::vector<std::string> searched = found.directories;
  searched.push_back(question.working_directory);
  searched.push_back(parent_of(in_place(question.source.path)));
  if (question.toolchain->maker == Toolchain::Maker::Llvm) {
    add_folders_looked_into(found);
  }
  found.depfile = std::move(said.depfile);
  const bool may_take = question.toolchain->maker == Toolchain::Maker::Gnu &&
                        question.precompiled == PreprocessingQuestion::Precompiled::LookedFor;
  if (may_take && !said.first.empty() && !precompiled_header(in_place(said.first), searched).empty()) {
    return with_precompiled(question, std::move(found));
  }
  return PreprocessingAnswer(std::move(found));
}

base::Result<PreprocessingAnswer> CompilerDependencies::with_precompiled(
    const PreprocessingQuestion& question, Preprocessing text) {
  PreprocessingQuestion taking = question;
  taking.precompiled = PreprocessingQuestion::Precompiled::Taken;
  auto answer = ask_until_steady(taking);
  if (!answer) {
    return tl::unexpected(answer.error());
  }
  const auto refusal = refuse(answer->files, taking);
  if (!refusal) {
    return tl::unexpected(refusal.error());
  }
  if (*refusal) {
    return **refusal;
  }
  if (answer->said.failed) {
    return PreprocessingAnswer(Declined{"preprocessing-fails", question.source.path});
  }
  std::vector<TriedHeader> tried;
  for (const auto& [name, taken] : answer->said.precompiled) {
    const std::string path = absolute(question.working_directory, name);
    tried.push_back({{path, answer->files.at(path), std::nullopt}, taken});
  }
  const auto source = read_through(view_, absolute(question.working_directory, question.source.path));
  if (!source) {
    return tl::unexpected(source.error());
  }
  if (!forces_a_header(question) && *source && begins_with_more_than_directives(**source)) {
    return PreprocessingAnswer(
        Declined{"precompiled-header", "text before #include in " + question.source.path});
  }
  const auto given = given_of(tried, tells_why_not(question));
  if (!given) {
    return PreprocessingAnswer(Declined{"precompiled-header", "-Winvalid-pch"});
  }
  for (const TriedHeader& header : tried) {
    answer->files.erase(header.file.path);
  }
  // What was compiled before is not entered, but opened where it is for once (#pragma once) or where a
  // diagnostic shows a line of it.
  for (const auto& file : answer->files) {
    text.read.push_back({file.first, file.second, std::nullopt});
  }
  text.read.insert(text.read.end(), given->begin(), given->end());
  text.depfile = std::move(answer->said.depfile);
  return PreprocessingAnswer(std::move(text));
}

base::Result<std::optional<PreprocessingAnswer>> CompilerDependencies::refuse(
    const std::map<std::string, scan::Identity>& files, const PreprocessingQuestion& question) {
  MustRead must_read;
  std::optional<Declined> declined;
  for (const auto& [file, identity] : files) {
    const auto entry = look_through(view_, file);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      must_read.promises.push_back(*promise);
    } else if (!declined && !is_compiled(file, question)) {
      auto objected = objection(file, question);
      if (!objected) {
        return tl::unexpected(objected.error());
      }
      declined = *std::move(objected);
    }
  }
  if (!must_read.promises.empty()) {
    return PreprocessingAnswer(std::move(must_read));
  }
  return declined ? std::optional<PreprocessingAnswer>(*std::move(declined)) : std::nullopt;
}

}  // namespace model
