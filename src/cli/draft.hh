#pragma once

#include "cli/file_collector.hh"
#include "cli/tree_editor.hh"
#include "object/store.hh"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cli {

// A thunk as a person or a program writes it down (docs/thunks.md), by flags or as JSON. "Word": what
// entry_word.hh reads, "self:/PATH" (inside a container), or a path of this machine.
struct Draft {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string working_directory;                            // "/" before it is not needed
  std::string base;                                         // word of a tree to begin with; "": the empty one
  std::vector<std::pair<std::string, std::string>> inputs;  // path in the container, word
  std::vector<std::string> programs;  // of this machine, each with all that it needs to be started
  std::vector<std::string> outputs;   // absolute, or relative to the working directory
  std::map<std::string, std::string> platform;
  bool dynamic = false;
  std::string id;                            // in a stream: "promise:@ID:OUTPUT" means this one
  std::map<std::string, std::string> place;  // output -> path: where a placeholder is to stand; in a
                                             // container, where the promise is returned

  bool operator==(const Draft&) const = default;
};

// Reads one JSON object; throws UsageError that says what is wrong.
[[nodiscard]] Draft draft_of_json(std::string_view text);

// What DraftMaker needs of the place where it works.
struct DraftPlace {
  object::Store& store;
  FileCollector::Placeholder placeholder;  // may be empty
  // The files that a program needs to be started, itself included; throws base::OperatorError.
  std::function<std::vector<std::string>(const std::string& program)> runtime_files;
  std::optional<object::Digest> self;   // in a container: the input tree of the thunk that runs
  std::function<object::Entry()> tool;  // what stands at ir::dynamic::kTool in dynamic thunks
};

// Makes thunks of drafts, any number. What it has read of this machine it does not read again.
class DraftMaker {
 public:
  explicit DraftMaker(DraftPlace place)
      : place_(std::move(place)), collector_(place_.store, place_.placeholder), trees_(place_.store) {}

  struct Made {
    object::Digest thunk;
    std::map<std::string, std::string> outputs;  // as the draft spells them, and as the thunk declares them
  };

  // Puts the thunk and all it names into the store. Throws UsageError for a draft that no thunk can be made
  // of, base::OperatorError and base::SyscallError for what is not there.
  [[nodiscard]] Made make(const Draft& draft);

  // What a word stands for.
  [[nodiscard]] object::Entry entry(const std::string& word);

 private:
  [[nodiscard]] object::Digest input_root(const Draft& draft);
  [[nodiscard]] object::Digest base_tree(const std::string& word);
  [[nodiscard]] object::Entry promise_of(const std::string& word);
  void check_promise(const object::Promise& promise);
  [[nodiscard]] object::Entry entry_at(const std::string& word);

  DraftPlace place_;
  FileCollector collector_;
  TreeEditor trees_;
  std::unordered_map<std::string, object::Entry> entries_;  // by word
  std::unordered_map<std::string, std::vector<std::string>> programs_;
  std::unordered_map<std::string, object::Digest> roots_;  // by all that goes into one
  std::unordered_map<std::string, object::Digest> ids_;
  std::unordered_map<object::Digest, std::vector<std::string>> outputs_;  // of thunks that were named
};

// The promise of an output, as the draft spells it, that is to stand at `path`. Throws UsageError if there is
// no such output.
[[nodiscard]] object::Promise promise_to_place(const DraftMaker::Made& made, const std::string& output,
                                               const std::string& path);

}  // namespace cli
