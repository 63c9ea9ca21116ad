#pragma once

#include "base/result.hh"
#include "model/model.hh"

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace model {

// One translation unit, as far as reading goes.
struct TranslationUnit {
  std::string driver;                           // absolute
  std::vector<std::string> preprocessor_words;  // in the command's order
  std::vector<std::string> include_files;       // -include and -imacros, as given
  std::string language;                         // -x's word: "c", "c++", "assembler-with-cpp"
  std::string source;                           // as given
  std::string target;  // depfile target where no -MT or -MQ says another; "" for gcc's own
  std::map<std::string, std::string> environment;  // what the command sees
  std::string working_directory;
};

struct Dependencies {
  std::vector<std::string>
      files;  // as the compiler spells them: absolute, or relative to the working directory; source first
  std::string depfile;  // what -MD would write
};

// Why there is no answer: the command's own inputs are at fault (the real compiler will say it better), or a
// file that a thunk still owes must be there first.
using Discovered = std::variant<Dependencies, Declined, MustRead>;

// Which files preprocessing a translation unit reads. Any thread; may block.
class DependencySource {
 public:
  DependencySource() = default;
  DependencySource(const DependencySource&) = delete;
  DependencySource& operator=(const DependencySource&) = delete;
  virtual ~DependencySource() = default;

  [[nodiscard]] virtual Discovered find(const TranslationUnit& unit) = 0;

  // The remembered answer for the unit was wrong.
  virtual void forget(const TranslationUnit& unit) = 0;
};

// The files that a depfile names, and nothing of its targets: the reverse of gcc's make-style quoting.
[[nodiscard]] std::vector<std::string> files_in_depfile(const std::string& depfile);

}  // namespace model
