#include "model/compiler_dependencies.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/paths.hh"

#include <unistd.h>

#include <algorithm>
#include <chrono>

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

// Depfiles can't quote every name (a backslash, a newline), so a name read from one may be none. All files
// but those that are passed over as repetitions are known from -H, too, where names are plain.
void add_if_there(const std::vector<std::string>& names, const std::string& directory,
                  std::vector<std::string>& files) {
  for (const std::string& name : names) {
    if (::access(absolute(directory, name).c_str(), F_OK) == 0) {
      files.push_back(name);
    }
  }
}

}  // namespace

std::vector<std::string> question_words(const PreprocessingQuestion& question) {
  std::vector<std::string> words{question.argv0};
  append(words, question.options);
  const bool user_only = question.dependencies.wanted && question.dependencies.user_headers_only;
  words.emplace_back(user_only ? "-MM" : "-M");
  words.emplace_back("-v");
  words.emplace_back("-H");
  if (question.dependencies.wanted) {
    append(words, question.dependencies.preprocessor_words);
    // As the driver's specs do it for -MD: the target is the output, unless one is named.
    const bool drivers_own = !question.dependencies.asked_of_preprocessor;
    if (drivers_own && !question.dependencies.has_target && !question.output.empty()) {
      append(words, {"-MQ", question.output});
    }
  }
  append(words, {"-x", std::string(spelling(question.source.language)), question.source.path});
  return words;
}

Compiler::Compiler(View& view) : view_(view) {}

base::Result<CompilerAnswer> Compiler::ask(const PreprocessingQuestion& question) {
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
  CompilerAnswer answer;
  answer.failed = done.exit_code != 0;
  auto report = parse_preprocessor_report(done.err);
  if (!report && !answer.failed) {
    return base::failure("'" + question.toolchain->driver + "' does not say where it looks for headers (-v)");
  }
  if (report) {
    answer.chain = std::move(report->chain);
    append(answer.files, report->entered);
  }
  answer.files.push_back(question.source.path);
  add_if_there(prerequisites(done.out), question.working_directory, answer.files);
  // Entered before anything else, and not reported by -H.
  for (const std::string& directory : answer.chain.bracket) {
    add_if_there({directory + "/stdc-predef.h"}, question.working_directory, answer.files);
  }
  std::sort(answer.files.begin(), answer.files.end());
  answer.files.erase(std::unique(answer.files.begin(), answer.files.end()), answer.files.end());
  if (question.dependencies.wanted) {
    answer.depfile = std::move(done.out);
  }
  return answer;
}

}  // namespace model
