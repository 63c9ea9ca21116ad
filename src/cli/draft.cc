#include "cli/draft.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/command_line.hh"
#include "cli/entry_word.hh"
#include "ir/dynamic.hh"
#include "ir/output_path.hh"
#include "ir/thunk.hh"

#include <algorithm>

namespace cli {

namespace {

constexpr std::string_view kSelf = "self:";
constexpr std::string_view kPromiseOfId = "promise:@";
constexpr size_t kMostRemembered = 4096;

std::string without_slash(const std::string& path) {
  const size_t start = path.find_first_not_of('/');
  return start == std::string::npos ? "" : path.substr(start);
}

// From the root of the container.
std::string from_root(const std::string& working_directory, const std::string& path, const char* what) {
  const std::string whole = path.starts_with('/') || working_directory.empty()
                                ? without_slash(path)
                                : working_directory + "/" + path;
  if (whole.empty() || !ir::is_path_from_root(whole)) {
    throw UsageError(std::string(what) + " '" + base::printable(path) +
                     "' should be names with one '/' between them, without '.' and '..'");
  }
  return whole;
}

std::string output_of(const std::string& working_directory, const std::string& path) {
  if (!path.starts_with('/')) {
    return path;
  }
  const auto output = ir::output_path(working_directory, without_slash(path));
  if (!output) {
    throw UsageError("the output '" + base::printable(path) + "' cannot be one of a thunk that runs in '/" +
                     base::printable(working_directory) + "'");
  }
  return *output;
}

// Sorted, each once, as a command has them.
std::vector<std::string> outputs_of(const std::map<std::string, std::string>& spelt) {
  std::vector<std::string> outputs;
  for (const auto& [as_written, declared] : spelt) {
    outputs.push_back(declared);
  }
  std::sort(outputs.begin(), outputs.end());
  outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
  return outputs;
}

template <class Value>
object::Digest put(object::Store& store, const Value& value) {
  if (const auto fit = ir::check(value); !fit) {
    throw UsageError("no thunk can be made of this: " + fit.error().message);
  }
  return base::value_or_throw(store.put(ir::encode(value)));
}

template <class Map>
void forget_many(Map& map) {
  if (map.size() >= kMostRemembered) {
    map.clear();
  }
}

// Texts hold no NUL, so that it keeps them apart.
std::string key_of(const Draft& draft) {
  std::string key = draft.working_directory + '\0' + draft.base + '\0' + (draft.dynamic ? "1" : "0");
  for (const auto& [path, word] : draft.inputs) {
    key += '\0' + path + '\0' + word;
  }
  for (const std::string& program : draft.programs) {
    key += std::string("\0\0", 2) + program;
  }
  return key;
}

}  // namespace

DraftMaker::Made DraftMaker::make(const Draft& written) {
  Draft draft = written;
  draft.working_directory = without_slash(draft.working_directory);
  Made made;
  for (const std::string& output : draft.outputs) {
    made.outputs.emplace(output, output_of(draft.working_directory, output));
  }
  ir::Command command{draft.arguments, draft.environment, draft.working_directory, outputs_of(made.outputs)};
  ir::Thunk thunk{put(place_.store, command), input_root(draft), draft.platform};
  if (draft.dynamic) {
    thunk.platform.insert_or_assign(ir::kGraph, ir::kDynamic);
  }
  made.thunk = put(place_.store, thunk);
  forget_many(outputs_);
  outputs_.insert_or_assign(made.thunk, std::move(command.output_paths));
  if (!draft.id.empty() && !ids_.emplace(draft.id, made.thunk).second) {
    throw UsageError("there are two thunks with the id '" + base::printable(draft.id) + "'");
  }
  return made;
}

object::Digest DraftMaker::input_root(const Draft& draft) {
  const std::string key = key_of(draft);
  if (const auto known = roots_.find(key); known != roots_.end()) {
    return known->second;
  }
  TreeEditor::Entries entries;
  for (const std::string& program : draft.programs) {
    forget_many(programs_);
    auto known = programs_.find(program);
    if (known == programs_.end()) {
      known = programs_.emplace(program, place_.runtime_files(program)).first;
    }
    for (const std::string& file : known->second) {
      entries.insert_or_assign(from_root("", file, "the file"), entry(file));
    }
  }
  if (draft.dynamic) {
    entries.insert_or_assign(ir::dynamic::kTool, place_.tool());
  }
  object::Digest root = trees_.lay_over(base_tree(draft.base), entries);
  for (const auto& [path, word] : draft.inputs) {
    // One by one: each may stand in a directory that the one before has brought.
    root = trees_.lay_over(root, {{from_root(draft.working_directory, path, "the input"), entry(word)}});
  }
  forget_many(roots_);
  roots_.emplace(key, root);
  return root;
}

object::Digest DraftMaker::base_tree(const std::string& word) {
  if (word.empty()) {
    return base::value_or_throw(place_.store.put(object::encode(object::Directory{})));
  }
  const object::Entry found = entry(word);
  const auto* tree = std::get_if<object::Subdirectory>(&found);
  if (tree == nullptr) {
    throw UsageError("'" + base::printable(word) + "' is no directory, so no thunk's tree can begin with it");
  }
  return tree->digest;
}

object::Entry DraftMaker::entry(const std::string& word) {
  if (word.starts_with(kPromiseOfId)) {
    return promise_of(word);  // ids are remembered anyhow
  }
  if (const auto known = entries_.find(word); known != entries_.end()) {
    return known->second;
  }
  object::Entry found = entry_at(word);
  forget_many(entries_);
  entries_.emplace(word, found);
  return found;
}

object::Entry DraftMaker::entry_at(const std::string& word) {
  if (word.starts_with(kSelf)) {
    if (!place_.self) {
      throw UsageError("'" + base::printable(word) +
                       "' means something only where a thunk runs: its own input tree");
    }
    auto found = trees_.at(*place_.self, without_slash(word.substr(kSelf.size())));
    if (!found) {
      throw base::OperatorError("this thunk's own input tree holds no '" +
                                base::printable(word.substr(kSelf.size())) + "'");
    }
    return *std::move(found);
  }
  auto found = entry_of_word(word);
  if (!found) {
    return collector_.collect(word);
  }
  if (const auto* tree = std::get_if<object::Subdirectory>(&*found)) {
    return trees_.subdirectory(tree->digest);
  }
  if (const auto* promise = std::get_if<object::Promise>(&*found)) {
    check_promise(*promise);
  } else if (const auto* file = std::get_if<object::File>(&*found)) {
    if (!base::value_or_throw(place_.store.missing({&file->digest, 1})).empty()) {
      throw base::OperatorError("the store does not hold " + word);
    }
  }
  return *std::move(found);
}

object::Entry DraftMaker::promise_of(const std::string& word) {
  const size_t colon = word.find(':', kPromiseOfId.size());
  const auto id = ids_.find(word.substr(kPromiseOfId.size(), colon - kPromiseOfId.size()));
  if (colon == std::string::npos || id == ids_.end()) {
    throw UsageError(
        "'" + base::printable(word) +
        "' should read promise:@ID:OUTPUT, with the id of a thunk before this one: a thunk cannot "
        "need itself or a later one");
  }
  object::Promise promise{id->second, word.substr(colon + 1)};
  check_promise(promise);
  return promise;
}

// What nobody makes would be found out only when it is forced.
void DraftMaker::check_promise(const object::Promise& promise) {
  auto outputs = outputs_.find(promise.thunk);
  if (outputs == outputs_.end()) {
    const auto read = [&](const object::Digest& digest) {
      auto bytes = base::value_or_throw(place_.store.get(digest));
      if (!bytes) {
        throw base::OperatorError("the store does not hold the thunk " + promise.thunk.to_string() +
                                  " or its command");
      }
      return *std::move(bytes);
    };
    const ir::Thunk thunk = base::value_or_throw(ir::decode_thunk(read(promise.thunk)));
    ir::Command command = base::value_or_throw(ir::decode_command(read(thunk.command)));
    forget_many(outputs_);
    outputs = outputs_.emplace(promise.thunk, std::move(command.output_paths)).first;
  }
  if (!std::binary_search(outputs->second.begin(), outputs->second.end(), promise.output)) {
    throw UsageError("thunk " + promise.thunk.to_string() + " declares no output '" +
                     base::printable(promise.output) + "'");
  }
}

object::Promise promise_to_place(const DraftMaker::Made& made, const std::string& output,
                                 const std::string& path) {
  const auto declared = made.outputs.find(output);
  if (declared == made.outputs.end()) {
    throw UsageError("there is no output '" + base::printable(output) + "' to place at '" +
                     base::printable(path) + "'");
  }
  return {made.thunk, declared->second};
}

}  // namespace cli
