#include "cli/result_difference.hh"

#include "base/quote.hh"
#include "cli/elf_section.hh"
#include "cli/thunk_reader.hh"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cli {

namespace {

using object::Entry;

std::string first_difference(const std::string& before, const std::string& now) {
  const size_t common = std::min(before.size(), now.size());
  const auto at = static_cast<size_t>(
      std::mismatch(before.begin(), before.begin() + static_cast<ptrdiff_t>(common), now.begin()).first -
      before.begin());
  const std::string sizes = before.size() == now.size()
                                ? fmt::format("of {} bytes", now.size())
                                : fmt::format("of {} bytes before, {} now", before.size(), now.size());
  const std::string section = elf_section_at(now, at);
  return fmt::format("the first different byte is at offset {}{} {}", at,
                     section.empty() ? "" : " (section " + base::printable(section) + ")", sizes);
}

std::string kind_of(const Entry& entry) {
  return std::holds_alternative<object::File>(entry)           ? "a file"
         : std::holds_alternative<object::Subdirectory>(entry) ? "a directory"
         : std::holds_alternative<object::Symlink>(entry)      ? "a symlink"
                                                               : "a promise";
}

std::string differing(object::Store& store, const object::File& before, const object::File& now) {
  return before.digest == now.digest
             ? fmt::format("it was {}executable, it is{} now", before.executable ? "" : "not ",
                           now.executable ? "" : " not")
             : first_difference(read_object(store, before.digest), read_object(store, now.digest));
}

std::string differing(const Entry* before, const Entry* now, object::Store& store);

// The first entry that differs.
std::string differing(object::Store& store, const object::Subdirectory& before,
                      const object::Subdirectory& now) {
  const object::Directory old_one = read_directory(store, before.digest);
  const object::Directory new_one = read_directory(store, now.digest);
  std::set<std::string> names;
  for (const auto* directory : {&old_one, &new_one}) {
    for (const auto& entry : directory->entries) {
      names.insert(entry.first);
    }
  }
  for (const std::string& name : names) {
    const auto in = [&name](const object::Directory& directory) {
      const auto found = directory.entries.find(name);
      return found == directory.entries.end() ? nullptr : &found->second;
    };
    const std::string detail = differing(in(old_one), in(new_one), store);
    if (!detail.empty()) {
      return fmt::format("in '{}': {}", base::printable(name), detail);
    }
  }
  return "it is written differently";
}

// "" if they are the same; null: it is not there.
std::string differing(const Entry* before, const Entry* now, object::Store& store) {
  if (before == nullptr || now == nullptr) {
    return before == now ? "" : before == nullptr ? "it was not made before" : "it was not made this time";
  }
  if (*before == *now) {
    return "";
  }
  if (before->index() != now->index()) {
    return fmt::format("it was {}, it is {} now", kind_of(*before), kind_of(*now));
  }
  if (const auto* file = std::get_if<object::File>(now)) {
    return differing(store, std::get<object::File>(*before), *file);
  }
  if (const auto* directory = std::get_if<object::Subdirectory>(now)) {
    return differing(store, std::get<object::Subdirectory>(*before), *directory);
  }
  return "it leads elsewhere";
}

std::string stream(object::Store& store, const std::optional<object::Digest>& digest) {
  return digest ? read_object(store, *digest) : "";
}

}  // namespace

std::vector<ResultDifference> differences(object::Store& store, const ir::Result& before,
                                          const ir::Result& now) {
  std::vector<ResultDifference> found;
  std::set<std::string> outputs;
  for (const ir::Result* result : {&before, &now}) {
    for (const auto& output : result->outputs) {
      outputs.insert(output.first);
    }
  }
  for (const std::string& output : outputs) {
    const auto in = [&output](const ir::Result& result) {
      const auto entry = result.outputs.find(output);
      return entry == result.outputs.end() ? nullptr : &entry->second;
    };
    if (std::string detail = differing(in(before), in(now), store); !detail.empty()) {
      found.push_back({output, std::move(detail)});
    }
  }
  if (before.standard_output != now.standard_output) {
    found.push_back({"standard output", first_difference(stream(store, before.standard_output),
                                                         stream(store, now.standard_output))});
  }
  if (before.standard_error != now.standard_error) {
    found.push_back({"standard error", first_difference(stream(store, before.standard_error),
                                                        stream(store, now.standard_error))});
  }
  if (before.exit_code != now.exit_code) {
    found.push_back({"exit status", fmt::format("it was {}, it is {} now", before.exit_code, now.exit_code)});
  }
  return found;
}

}  // namespace cli
