#include "cli/thunk_difference.hh"

#include "base/quote.hh"
#include "cli/concrete.hh"
#include "cli/thunk_reader.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace cli {

namespace {

using object::Entry;
using Differences = std::vector<ThunkDifference>;
using Kind = ThunkDifference::Kind;

constexpr size_t kMostShown = 60;  // bytes of a value

std::string shortened(const std::string& value) {
  const std::string shown = base::printable(value);
  return shown.size() <= kMostShown ? shown : shown.substr(0, kMostShown) + "…";
}

// The words of `from` that `other` has not got, as often as they stand there.
std::vector<std::string> words_only_in(const std::vector<std::string>& from,
                                       const std::vector<std::string>& other) {
  std::multiset<std::string> rest(other.begin(), other.end());
  std::vector<std::string> only;
  for (const std::string& word : from) {
    if (const auto there = rest.find(word); there != rest.end()) {
      rest.erase(there);
    } else {
      only.push_back(word);
    }
  }
  return only;
}

// Words that came stand beside those that went, in order: mostly one is in place of the other.
void compare_lists(Kind kind, const std::vector<std::string>& before, const std::vector<std::string>& now,
                   Differences& found) {
  const std::vector<std::string> gone = words_only_in(before, now);
  const std::vector<std::string> come = words_only_in(now, before);
  for (size_t i = 0; i < std::max(gone.size(), come.size()); ++i) {
    found.push_back({kind, "", i < gone.size() ? gone[i] : "", i < come.size() ? come[i] : ""});
  }
  if (gone.empty() && come.empty() && before != now) {  // in another order
    found.push_back({kind, "", base::shell_quoted(before), base::shell_quoted(now)});
  }
}

void compare_maps(Kind kind, const std::map<std::string, std::string>& before,
                  const std::map<std::string, std::string>& now, Differences& found) {
  std::map<std::string, std::string> all = now;
  all.insert(before.begin(), before.end());
  for (const auto& [name, value] : all) {
    const auto old_one = before.find(name);
    const auto new_one = now.find(name);
    if (old_one == before.end() || new_one == now.end() || old_one->second != new_one->second) {
      found.push_back({kind, name, old_one == before.end() ? "" : old_one->second,
                       new_one == now.end() ? "" : new_one->second});
    }
  }
}

void compare_commands(const ir::Command& before, const ir::Command& now, Differences& found) {
  compare_lists(Kind::Word, before.arguments, now.arguments, found);
  compare_maps(Kind::Variable, before.environment, now.environment, found);
  if (before.working_directory != now.working_directory) {
    found.push_back(
        {Kind::WorkingDirectory, "", "/" + before.working_directory, "/" + now.working_directory});
  }
  compare_lists(Kind::Output, before.output_paths, now.output_paths, found);
}

std::string short_text(const Entry& entry) {
  if (const auto* file = std::get_if<object::File>(&entry)) {
    return (file->executable ? "program " : "file ") + file->digest.to_string();
  }
  if (const auto* link = std::get_if<object::Symlink>(&entry)) {
    return "symlink " + link->target;
  }
  if (const auto* promise = std::get_if<object::Promise>(&entry)) {
    return "promise " + promise->thunk.to_string();
  }
  return "directory";
}

bool is_program(const Entry* entry) {
  const auto* const file = entry == nullptr ? nullptr : std::get_if<object::File>(entry);
  return file != nullptr && file->executable;
}

std::optional<object::Digest> directory_in(const std::optional<Entry>& entry) {
  const auto* const directory = entry ? std::get_if<object::Subdirectory>(&*entry) : nullptr;
  return directory == nullptr ? std::nullopt : std::optional(directory->digest);
}

class Trees {
 public:
  Trees(object::Store& store, object::Records& records) : store_(store), records_(records) {}

  // nullopt: no such directory; then each of the other's files came or went.
  void compare(const std::optional<object::Digest>& before, const std::optional<object::Digest>& now,
               const std::string& path) {
    if (before == now) {
      return;
    }
    const object::Directory old_one = before ? read_directory(store_, *before) : object::Directory();
    const object::Directory new_one = now ? read_directory(store_, *now) : object::Directory();
    if (old_one == new_one) {
      others_.push_back({Kind::Input, path, before ? "directory" : "", now ? "directory" : ""});
    }
    std::set<std::string> names;
    for (const object::Directory* directory : {&old_one, &new_one}) {
      for (const auto& entry : directory->entries) {
        names.insert(entry.first);
      }
    }
    for (const std::string& name : names) {
      compare(concrete(old_one, name), concrete(new_one, name), path + "/" + name);
    }
  }

  void take(Differences& found) {
    found.insert(found.end(), programs_.begin(), programs_.end());
    found.insert(found.end(), others_.begin(), others_.end());
  }

 private:
  std::optional<Entry> concrete(const object::Directory& directory, const std::string& name) {
    const auto found = directory.entries.find(name);
    if (found == directory.entries.end()) {
      return std::nullopt;
    }
    const auto* const promise = std::get_if<object::Promise>(&found->second);
    auto made = promise == nullptr ? std::nullopt : kept(records_, *promise);
    return made ? std::move(made) : found->second;
  }

  void compare(const std::optional<Entry>& before, const std::optional<Entry>& now, const std::string& path) {
    if (before == now) {
      return;
    }
    const auto old_directory = directory_in(before);
    const auto new_directory = directory_in(now);
    if ((old_directory || !before) && (new_directory || !now)) {
      compare(old_directory, new_directory, path);
      return;
    }
    const bool program = is_program(before ? &*before : nullptr) || is_program(now ? &*now : nullptr);
    (program ? programs_ : others_)
        .push_back({program ? Kind::Program : Kind::Input, path, before ? short_text(*before) : "",
                    now ? short_text(*now) : ""});
  }

  object::Store& store_;
  object::Records& records_;
  Differences programs_;
  Differences others_;
};

std::string subject_of(const ThunkDifference& difference) {
  switch (difference.kind) {
    case Kind::Word:
      return "the word " + shortened(difference.before.empty() ? difference.now : difference.before);
    case Kind::Variable:
      return "the variable " + base::printable(difference.name);
    case Kind::WorkingDirectory:
      return "the working directory " + shortened(difference.before);
    case Kind::Output:
      return "the output " + shortened(difference.before.empty() ? difference.now : difference.before);
    case Kind::Platform:
      return "the platform's " + base::printable(difference.name);
    case Kind::Program:
      return "the program " + base::printable(difference.name);
    case Kind::Input:
      break;
  }
  return "the input " + base::printable(difference.name);
}

}  // namespace

Differences differences(object::Store& store, object::Records& records, const object::Digest& before,
                        const object::Digest& now) {
  const ir::Thunk old_one = read_thunk(store, before);
  const ir::Thunk new_one = read_thunk(store, now);
  Differences found;
  compare_commands(read_command(store, old_one.command), read_command(store, new_one.command), found);
  compare_maps(Kind::Platform, old_one.platform, new_one.platform, found);
  Trees trees(store, records);
  trees.compare(old_one.input_root, new_one.input_root, "");
  trees.take(found);
  return found;
}

std::string sentence(const ThunkDifference& difference) {
  const std::string subject = subject_of(difference);
  if (difference.before.empty()) {
    const bool valued = difference.kind == Kind::Variable || difference.kind == Kind::Platform;
    return subject + " is new" + (valued ? ": " + shortened(difference.now) : "");
  }
  if (difference.now.empty()) {
    return subject + " is gone";
  }
  const auto became = [&] { return " became " + shortened(difference.now); };
  switch (difference.kind) {
    case Kind::Word:
    case Kind::WorkingDirectory:
    case Kind::Output:
      return subject + became();
    case Kind::Variable:
    case Kind::Platform:
      return subject + ": " + shortened(difference.before) + became();
    case Kind::Program:
    case Kind::Input:
      break;
  }
  return subject + " changed";
}

std::string kind_word(Kind kind) {
  static constexpr std::array kWords{"word",    "variable", "working-directory", "output", "platform",
                                     "program", "input"};
  return kWords.at(static_cast<size_t>(kind));
}

}  // namespace cli
