#include "model/recorded_dependencies.hh"

#include "model/look.hh"
#include "model/paths.hh"
#include "object/hash.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace model {

namespace {

constexpr std::string_view kKeyVersion = "model: footprint, version 1";

object::Digest key_of(const PreprocessingQuestion& question) {
  object::Hasher hasher;
  const auto add = [&](std::string_view part) {
    hasher.add(part);
    hasher.add(std::string_view("\0", 1));
  };
  add(kKeyVersion);
  add(question.toolchain->driver);
  add(question.toolchain->identity.to_string());
  add(question.working_directory);
  for (const std::string& word : question_words(question)) {
    add(word);
  }
  add(question.dependencies.wanted ? "depfile" : "");
  for (const auto& variable : question.environment) {
    add(variable.first);
    add(variable.second);
  }
  return hasher.take();
}

// What the files' own words forbid; nullopt: nothing.
std::optional<Declined> objection(const SourceFacts& facts, const std::string& path,
                                  const PreprocessingQuestion& question) {
  const bool date_is_fixed = question.environment.contains("SOURCE_DATE_EPOCH");
  const bool expands = is_preprocessed_by_us(question.source.language);
  if (expands && (facts.timestamp_macro || (facts.date_macro && !date_is_fixed))) {
    return Declined{"date-macro", path};
  }
  if (facts.includes_binary || facts.includes_assembly) {
    return Declined{"included-binary", path};
  }
  return std::nullopt;
}

// Everything that the compiler looked for, by the words of the files it read.
class Search {
 public:
  Search(const PreprocessingQuestion& question, const IncludeChain& chain, DirectoryNames& directories)
      : question_(question), directories_(directories) {
    for (const auto* list : {&chain.quote, &chain.bracket}) {
      for (const std::string& directory : *list) {
        quote_.push_back(absolute(question.working_directory, directory));
      }
    }
    for (const std::string& directory : chain.bracket) {
      bracket_.push_back(absolute(question.working_directory, directory));
    }
    for (const std::string& directory : chain.absent) {
      note(absolute(question.working_directory, directory));
    }
  }

  // Names in a file that was read.
  void take_names(const SourceFacts& facts, const std::string& file) {
    computed_probe_ = computed_probe_ || facts.computed_probe;
    if (facts.computed_include) {
      computing_directories_.insert(parent_of(file));
    }
    for (const AskedName& asked : facts.names) {
      look_for(asked, parent_of(file));
    }
  }

  // -include and -imacros, which are looked for from the working directory on; and a precompiled header for
  // any of the names that can be the first of a translation unit.
  void take_first_names(const SourceFacts& source) {
    std::vector<AskedName> names = source.names;
    const std::vector<std::string>& options = question_.options;
    for (size_t i = 0; i + 1 < options.size(); ++i) {
      if (options[i] == "-include" || options[i] == "-imacros") {
        names.push_back({options[i + 1], true, false});
        look_for(names.back(), question_.working_directory);
      }
    }
    for (const AskedName& asked : names) {
      for (const char* const from : {"", "source"}) {
        const std::string includer =
            *from == '\0' ? question_.working_directory
                          : parent_of(absolute(question_.working_directory, question_.source.path));
        for (const std::string& candidate : candidates(asked, includer)) {
          if (!note(candidate + ".gch")) {
            precompiled_ = candidate + ".gch";
          }
          if (::access(candidate.c_str(), F_OK) == 0) {
            break;
          }
        }
      }
    }
  }

  // A header that a macro named could have been found earlier on the way: by any tail of its path.
  void take_computed(const std::vector<std::string>& files) {
    if (computing_directories_.empty()) {
      return;
    }
    for (const std::string& file : files) {
      for (const std::string& found_in : quote_) {
        if (file.starts_with(found_in + "/")) {
          const std::string name = file.substr(found_in.size() + 1);
          for (const std::string& directory : computing_directories_) {
            note_unless_there(directory + "/" + name);
          }
          for (const std::string& directory : quote_) {
            if (directory == found_in) {
              break;
            }
            note_unless_there(directory + "/" + name);
          }
        }
      }
    }
  }

  // Too odd to be remembered: what was looked for can't be told.
  [[nodiscard]] bool is_odd() const { return computed_probe_ || odd_; }

  [[nodiscard]] const std::string& precompiled() const { return precompiled_; }

  [[nodiscard]] const std::set<std::string>& probed_and_there() const { return there_; }

  AbsentNames take_absent() { return std::move(absent_); }

  [[nodiscard]] const std::vector<std::string>& directories() const { return quote_; }

 private:
  bool note(const std::string& path) { return note_absence(path, directories_, absent_); }

  void note_unless_there(const std::string& path) {
    // A name that is there but leads nowhere (a dangling symlink) may come to lead somewhere unnoticed.
    if (!note(path) && ::access(path.c_str(), F_OK) != 0) {
      odd_ = true;
    }
  }

  [[nodiscard]] std::vector<std::string> candidates(const AskedName& asked,
                                                    const std::string& includer) const {
    if (asked.name.starts_with('/')) {
      return {asked.name};
    }
    std::vector<std::string> paths;
    if (asked.quoted) {
      paths.push_back(includer + "/" + asked.name);
    }
    for (const std::string& directory : asked.quoted ? quote_ : bracket_) {
      paths.push_back(directory + "/" + asked.name);
    }
    return paths;
  }

  void look_for(const AskedName& asked, const std::string& includer) {
    for (const std::string& candidate : candidates(asked, includer)) {
      if (!seen_.insert((asked.probed ? "?" : "!") + candidate).second) {
        continue;
      }
      note_unless_there(candidate);

      struct stat status {};

      if (asked.probed && ::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
        there_.insert(candidate);
      }
    }
  }

  const PreprocessingQuestion& question_;
  DirectoryNames& directories_;
  std::vector<std::string> quote_;    // the whole chain of #include "…"
  std::vector<std::string> bracket_;  // the part of it that #include <…> searches
  AbsentNames absent_;
  std::set<std::string> there_;
  std::set<std::string> computing_directories_;
  std::unordered_set<std::string> seen_;
  std::string precompiled_;
  bool computed_probe_ = false;
  bool odd_ = false;
};

bool was_settled(const std::string& file, base::Nanoseconds when) {
  struct stat status {};

  return ::stat(file.c_str(), &status) == 0 && is_settled(signature_of(status), when);
}

PreprocessingAnswer answer_of(const FootprintRecord& record) {
  if (record.declined) {
    return *record.declined;
  }
  Preprocessing found;
  found.files.reserve(record.files.size());
  for (const auto& file : record.files) {
    found.files.push_back(file.first);
  }
  found.directories = record.directories;
  found.depfile = record.depfile;
  return found;
}

}  // namespace

RecordedDependencies::RecordedDependencies(View& view, object::Store& store, object::Records& records,
                                           const base::Clock& clock)
    : view_(view), records_(records), clock_(clock), compiler_(view), facts_(store), directories_(clock) {}

base::Result<RecordedDependencies::Record> RecordedDependencies::remembered(const object::Digest& key) {
  auto known = known_.with([&](const auto& all) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  const auto bytes = records_.find(object::kFootprintTable, key);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto record = *bytes ? decode_footprint_record(**bytes) : std::nullopt;
  if (!record) {
    return Record();
  }
  auto shared = std::make_shared<const FootprintRecord>(*std::move(record));
  known_.with([&](auto& all) { all.insert_or_assign(key, shared); });
  return Record(shared);
}

base::Result<std::variant<bool, MustRead>> RecordedDependencies::is_valid(const FootprintRecord& record) {
  MustRead must_read;
  bool valid = true;
  for (const auto& file : record.files) {
    const auto entry = look_through(view_, file.first);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr;
    const auto* bytes = *entry ? std::get_if<object::File>(&**entry) : nullptr;
    if (promise != nullptr) {
      must_read.promises.push_back(*promise);
    }
    valid = valid && bytes != nullptr && bytes->digest == file.second;
    if (!valid && must_read.promises.empty()) {
      return false;
    }
  }
  if (!must_read.promises.empty()) {
    return must_read;
  }
  return valid && still_absent(record.absent, directories_);
}

base::Result<PreprocessingAnswer> RecordedDependencies::of(const PreprocessingQuestion& question) {
  const object::Digest key = key_of(question);
  const auto record = remembered(key);
  if (!record) {
    return tl::unexpected(record.error());
  }
  if (*record) {
    const auto valid = is_valid(**record);
    if (!valid) {
      return tl::unexpected(valid.error());
    }
    if (const auto* must_read = std::get_if<MustRead>(&*valid)) {
      return PreprocessingAnswer(*must_read);
    }
    if (std::get<bool>(*valid)) {
      ++remembered_;
      return answer_of(**record);
    }
  }
  return ask(question, key);
}

base::Result<PreprocessingAnswer> RecordedDependencies::ask(const PreprocessingQuestion& question,
                                                            const object::Digest& key) {
  CompilerAnswer answer;
  const base::Nanoseconds asked_at = clock_.wall();
  if (is_preprocessed_by_us(question.source.language)) {
    ++asked_;
    auto said = compiler_.ask(question);
    if (!said) {
      return tl::unexpected(said.error());
    }
    answer = *std::move(said);
  } else {
    answer.files = {question.source.path};
  }

  FootprintRecord record;
  MustRead must_read;
  bool settled = true;  // false: a file may have changed since the compiler read it
  Search search(question, answer.chain, directories_);
  std::set<std::string> open;
  for (const std::string& file : answer.files) {
    open.insert(absolute(question.working_directory, file));
  }
  const std::string source = absolute(question.working_directory, question.source.path);
  for (const std::string& file : open) {
    const auto entry = look_through(view_, file);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      must_read.promises.push_back(*promise);
      continue;
    }
    const auto* bytes = *entry ? std::get_if<object::File>(&**entry) : nullptr;
    if (bytes == nullptr) {
      return PreprocessingAnswer(Declined{"missing-input", file});
    }
    const auto facts = facts_.of(bytes->digest);
    if (!facts) {
      return tl::unexpected(facts.error());
    }
    record.declined = record.declined ? record.declined : objection(**facts, file, question);
    record.files.emplace_back(file, bytes->digest);
    settled = settled && was_settled(file, asked_at);
    search.take_names(**facts, file);
    if (file == source) {
      search.take_first_names(**facts);
    }
  }
  if (!must_read.promises.empty()) {
    return PreprocessingAnswer(must_read);
  }
  if (answer.failed) {
    return PreprocessingAnswer(Declined{"preprocessing-fails", question.source.path});
  }
  if (!search.precompiled().empty()) {
    return PreprocessingAnswer(Declined{"precompiled-header", search.precompiled()});
  }
  search.take_computed({open.begin(), open.end()});
  for (const std::string& probed : search.probed_and_there()) {
    const auto entry = look_through(view_, probed);
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    const auto* bytes = *entry ? std::get_if<object::File>(&**entry) : nullptr;
    if (bytes == nullptr) {
      return PreprocessingAnswer(Declined{"probed-promise", probed});
    }
    if (!open.contains(probed)) {
      record.files.emplace_back(probed, bytes->digest);
    }
  }
  for (const std::string& directory : search.directories()) {
    record.directories.push_back(directory);
  }
  record.absent = search.take_absent();
  record.depfile = std::move(answer.depfile);
  if (settled && !search.is_odd()) {
    if (auto done = records_.record(object::kFootprintTable, key, encode(record)); !done) {
      return tl::unexpected(done.error());
    }
    known_.with(
        [&](auto& all) { all.insert_or_assign(key, std::make_shared<const FootprintRecord>(record)); });
  }
  return answer_of(record);
}

void RecordedDependencies::forget(const PreprocessingQuestion& question) {
  const object::Digest key = key_of(question);
  known_.with([&](auto& all) { all.erase(key); });
  // There is no way to take a record back; one that no decoder accepts is as none.
  (void)records_.record(object::kFootprintTable, key, "");
}

}  // namespace model
