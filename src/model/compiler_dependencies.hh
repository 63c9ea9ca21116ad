#pragma once

#include "base/clock.hh"
#include "model/dependencies.hh"

#include <map>

namespace model {

// Asks the real compiler itself (-E -MD): exact by definition, at the price of a process (some 20 ms for C,
// 50 ms for C++) each time.
class CompilerDependencies final : public Dependencies {
 public:
  CompilerDependencies(View& view, const base::Clock& clock) : view_(view), clock_(clock) {}

  [[nodiscard]] base::Result<PreprocessingAnswer> of(const PreprocessingQuestion& question) override;

  // Of a translation unit that may begin with what gcc has precompiled. `text`: the answer without it.
  [[nodiscard]] base::Result<PreprocessingAnswer> with_precompiled(const PreprocessingQuestion& question,
                                                                   Preprocessing text);

 private:
  // What the compiler says, and where it looked.
  struct Said {
    bool failed = false;  // the command itself will fail, too; `files` are those entered until then
    std::vector<std::string> files;  // as the compiler named them: relative ones to the working directory
    std::string first;               // the first that was included, "" if none
    std::vector<std::string> directories;
    std::vector<std::pair<std::string, bool>> precompiled;  // that it tried, and whether it took it
    std::string depfile;
  };

  // Its files as they were while it was asked.
  struct Answer {
    Said said;
    std::map<std::string, scan::Identity> files;  // by absolute path
  };

  [[nodiscard]] base::Result<Answer> ask_until_steady(const PreprocessingQuestion& question);
  [[nodiscard]] base::Result<Said> ask(const PreprocessingQuestion& question);
  [[nodiscard]] base::Result<Said> ask_once(const PreprocessingQuestion& question);

  // Promises among the files, or what speaks against a thunk of them; nullopt: nothing does.
  [[nodiscard]] base::Result<std::optional<PreprocessingAnswer>> refuse(
      const std::map<std::string, scan::Identity>& files, const PreprocessingQuestion& question);
  [[nodiscard]] base::Result<std::optional<Declined>> objection(const std::string& path,
                                                                const PreprocessingQuestion& question);

  View& view_;
  const base::Clock& clock_;
};

// The targets of the depfile in the order in which the compiler proper is told of them.
[[nodiscard]] std::vector<scan::DepfileTarget> targets_of(const PreprocessingQuestion& question);

// The prerequisites of the first rule of a depfile, unescaped ("\ " and "\#" and "$$", as libcpp's mkdeps.cc
// writes them).
[[nodiscard]] std::vector<std::string> prerequisites(std::string_view depfile);

// What gcc's -H reports on stderr of precompiled headers, and whether it took each.
[[nodiscard]] std::vector<std::pair<std::string, bool>> tried_headers(std::string_view report);

// What -H reports on stderr: every file that was entered, but for the source itself.
[[nodiscard]] std::vector<std::string> entered_files(std::string_view report);

}  // namespace model
