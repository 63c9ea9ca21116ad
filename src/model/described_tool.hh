#pragma once

#include "model/name_template.hh"
#include "model/options.hh"

#include <map>
#include <string>
#include <vector>

namespace model {

// A tool as a user describes it (docs/models.md): what its words do, and what it needs besides. What the
// description does not name is not there for the tool, and what it makes besides is an error. Values.
struct DescribedOption {
  std::string name;      // the spelling that stands first, by which templates and conditions call it
  std::string spelling;  // as in Option
  Takes takes = Takes::Nothing;
  Does does = Does::Neutral;  // Neutral, Declines, ReadsFile, WritesFile, SearchDirectory, RunsProgram
};

struct DescribedOutput {
  NameTemplate path;                // an output only where all that it refers to is given
  std::vector<std::string> when;    // options by name: one of them has to be there; empty: always
  std::vector<std::string> unless;  // none of them may
  bool perhaps = false;             // not made each time
};

// A word that is no option.
enum class DescribedWord : unsigned char { Input, Output, Neutral };

struct DescribedTool {
  std::string root;                   // directory that `files` may refer to as {root}
  std::vector<std::string> programs;  // patterns (fnmatch) of the name it is called by: "bison", "python3*"
  std::string script;                 // pattern of an interpreter's first word; "" for none
  std::vector<DescribedWord> words;   // of those behind the script, in order
  bool last_word_repeats = false;
  std::vector<DescribedOption> options;
  std::vector<std::string>
      needed_options;  // by name: without each of them the output differs from run to run
  std::vector<DescribedOutput> outputs;
  std::vector<NameTemplate> files;  // patterns; a trailing '/' takes a directory with all below it
  std::vector<std::string>
      search_files;  // patterns of names that are taken of searched directories; empty: all
  std::vector<std::string> declined_text;  // words in an input by which the output or its name would change
  std::vector<std::string> runs;           // programs that it finds along PATH
  std::vector<std::string> environment;    // variables of the user's that it reads
  std::map<std::string, std::string> set;  // variables that it gets in any case
  bool sure = false;                       // its caller may be told 0 before it has run
};

}  // namespace model
