#include "model/scan/search_path.hh"

#include <algorithm>
#include <utility>

namespace model::scan {
namespace {

struct Known {
  std::string name;
  Identity identity;
  bool system;
};

bool same(const Known& a, const Known& b) {
  return a.identity.device == b.identity.device && a.identity.inode == b.identity.inode;
}

bool any_same(const std::vector<Known>& list, const Known& wanted) {
  return std::any_of(list.begin(), list.end(), [&](const Known& known) { return same(known, wanted); });
}

class Merger {
 public:
  Merger(const std::string& working_directory, FileSystem& files, std::vector<std::string>& absent)
      : working_directory_(working_directory), files_(files), absent_(absent) {}

  void add(const std::vector<std::string>& names, bool system, std::vector<Known>& list) {
    for (const std::string& name : names) {
      const std::string path = absolute(working_directory_, name);
      const Look look = files_.look(path);
      if (look.what == Look::What::Directory) {
        list.push_back({name, look.identity, system});
      } else {
        absent_.push_back(path);
      }
    }
  }

 private:
  const std::string& working_directory_;
  FileSystem& files_;
  std::vector<std::string>& absent_;
};

// gcc: what is in the system chain is dropped, and so is what stood earlier in the same chain or would be
// followed by itself.
std::vector<Known> without_duplicates(const std::vector<Known>& list, const std::vector<Known>& system,
                                      const std::vector<Known>& follows) {
  std::vector<Known> kept;
  for (size_t i = 0; i < list.size(); ++i) {
    const bool followed_by_itself =
        i + 1 == list.size() && !follows.empty() && same(list[i], follows.front());
    if (!any_same(system, list[i]) && !any_same(kept, list[i]) && !followed_by_itself) {
      kept.push_back(list[i]);
    }
  }
  return kept;
}

// clang: a user's directory is dropped in favour of the same one further on among the system's; else the
// first stays.
std::vector<Known> clang_without_duplicates(const std::vector<Known>& list) {
  std::vector<Known> kept;
  for (const Known& known : list) {
    const auto before =
        std::find_if(kept.begin(), kept.end(), [&](const Known& other) { return same(other, known); });
    if (before == kept.end()) {
      kept.push_back(known);
    } else if (known.system && !before->system) {
      kept.erase(before);
      kept.push_back(known);
    }
  }
  return kept;
}

void append(std::vector<SearchDirectory>& out, std::vector<Known> list) {
  for (Known& known : list) {
    out.push_back({std::move(known.name), known.system});
  }
}

}  // namespace

std::string absolute(const std::string& working_directory, std::string_view path) {
  if (path.starts_with('/')) {
    return std::string(path);
  }
  return working_directory + "/" + std::string(path);
}

MergedPath merge(Flavour flavour, const UserDirectories& user, const std::vector<std::string>& defaults,
                 const std::string& working_directory, FileSystem& files) {
  MergedPath merged;
  merged.path.quote_ignores_source_directory = user.quote_ignores_source_directory;
  Merger merger(working_directory, files, merged.absent);
  std::vector<Known> quote;
  std::vector<Known> bracket;
  std::vector<Known> system;
  merger.add(user.quote, false, quote);
  merger.add(user.bracket, false, bracket);
  merger.add(user.system, true, system);
  merger.add(defaults, true, system);
  merger.add(user.after, true, system);
  if (flavour == Flavour::Clang) {
    bracket.insert(bracket.end(), system.begin(), system.end());
    append(merged.path.quote, clang_without_duplicates(quote));
    append(merged.path.bracket, clang_without_duplicates(bracket));
    return merged;
  }
  system = without_duplicates(system, {}, {});
  bracket = without_duplicates(bracket, system, system);
  std::vector<Known> follows = bracket;
  follows.insert(follows.end(), system.begin(), system.end());
  quote = without_duplicates(quote, system, follows);
  append(merged.path.quote, std::move(quote));
  append(merged.path.bracket, std::move(follows));
  return merged;
}

}  // namespace model::scan
