#include "model/compiler_dependencies.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/include_names.hh"
#include "model/thunk_builder.hh"
#include "object/hash.hh"

#include <sys/stat.h>

#include <set>

namespace model {

namespace {

constexpr std::string_view kRecordVersion = "deps 1";

std::vector<std::string> environment_words(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words;
  for (const auto& variable : environment) {
    words.push_back(variable.first + "=" + variable.second);
  }
  return words;
}

base::Completed run_driver(const TranslationUnit& unit, const std::string& root,
                           std::vector<std::string> words) {
  words.insert(words.begin(), unit.driver);
  return base::run({unit.driver, words, environment_words(unit.environment), unit.working_directory, root,
                    std::chrono::seconds(120)});
}

// NUL ends each field; none of them can hold one.
class FieldWriter {
 public:
  void add(std::string_view field) {
    text_ += field;
    text_ += '\0';
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class FieldReader {
 public:
  explicit FieldReader(const std::string& text) : text_(text) {}

  std::optional<std::string> next() {
    const size_t end = text_.find('\0', at_);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    std::string field = text_.substr(at_, end - at_);
    at_ = end + 1;
    return field;
  }

 private:
  const std::string& text_;
  size_t at_ = 0;
};

object::Digest key_of(const TranslationUnit& unit, std::string_view kind) {
  FieldWriter key;
  key.add(kRecordVersion);
  key.add(kind);
  key.add(unit.driver);
  for (const std::string& word : unit.preprocessor_words) {
    key.add(word);
  }
  key.add("");
  for (const std::string& file : unit.include_files) {
    key.add(file);
  }
  key.add("");
  for (const std::string& word : environment_words(unit.environment)) {
    key.add(word);
  }
  for (const std::string& word : {unit.language, unit.source, unit.target, unit.working_directory}) {
    key.add(word);
  }
  return object::hash(key.text());
}

bool is_there(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Every path that a search for the header would try and not find before its first success.
class AbsentNames {
 public:
  AbsentNames(const std::vector<std::string>& directories, const std::string& working_directory)
      : directories_(directories), working_directory_(working_directory) {}

  void search(const Mentions::Header& header, const std::string& included_from) {
    if (header.name.starts_with('/')) {
      probe(header.name);
      return;
    }
    if (header.quoted && probe(directory_of(included_from) + "/" + header.name) && !header.next) {
      return;
    }
    if (!header.next && !searched_.insert(header.name).second) {
      return;
    }
    for (const std::string& directory : directories_) {
      // #include_next goes on behind a directory that only a full scan knows: all are tried.
      if (probe(directory + "/" + header.name) && !header.next) {
        return;
      }
    }
  }

  [[nodiscard]] const std::set<std::string>& paths() const { return absent_; }

 private:
  bool probe(const std::string& path) {
    const std::string full = absolute(path, working_directory_);
    if (absent_.contains(full)) {
      return false;
    }
    if (is_there(full)) {
      return true;
    }
    absent_.insert(full);
    return false;
  }

  const std::vector<std::string>& directories_;
  const std::string& working_directory_;
  std::set<std::string> searched_;
  std::set<std::string> absent_;
};

// Of the plain file at the path, symlinks followed.
std::optional<object::Digest> digest_at(View& view, const std::string& path) {
  const auto entry = followed(view, path);
  const auto* file = entry && *entry ? std::get_if<object::File>(&**entry) : nullptr;
  return file == nullptr ? std::nullopt : std::optional(file->digest);
}

// The promises among the files, if any.
std::vector<object::Promise> promised(View& view, const Dependencies& dependencies,
                                      const std::string& working_directory) {
  std::vector<object::Promise> promises;
  for (const std::string& file : dependencies.files) {
    const auto entry = followed(view, absolute(file, working_directory));
    if (const auto* promise = entry && *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      promises.push_back(*promise);
    }
  }
  return promises;
}

}  // namespace

std::vector<std::string> files_in_depfile(const std::string& depfile) {
  std::vector<std::string> files;
  const size_t colon = depfile.find(": ");
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) {
      files.push_back(std::move(word));
      word.clear();
    }
  };
  for (size_t i = colon == std::string::npos ? depfile.size() : colon + 2; i < depfile.size(); ++i) {
    const char c = depfile[i];
    const char next = i + 1 < depfile.size() ? depfile[i + 1] : '\0';
    if (c == '\\' && next == '\n') {
      finish();
      ++i;
    } else if ((c == '\\' && (next == ' ' || next == '#' || next == '\\')) || (c == '$' && next == '$')) {
      word += next;
      ++i;
    } else if (c == '\n') {
      break;  // what follows are -MP's phony targets
    } else if (c == ' ') {
      finish();
    } else {
      word += c;
    }
  }
  finish();
  return files;
}

Discovered CompilerDependencies::find(const TranslationUnit& unit) {
  if (auto known = remembered(unit)) {
    return *std::move(known);
  }
  std::vector<std::string> words = unit.preprocessor_words;
  words.insert(words.end(), {"-M", "-w"});
  if (!unit.target.empty()) {
    words.insert(words.end(), {"-MQ", unit.target});
  }
  words.insert(words.end(), {"-x", unit.language, unit.source});
  const base::Completed answer = run_driver(unit, view_.pristine_root(), words);
  if (answer.exit_code != 0) {
    return Declined{"preprocessing-failed", unit.source};
  }
  Dependencies dependencies{files_in_depfile(answer.out), answer.out};
  if (auto promises = promised(view_, dependencies, unit.working_directory); !promises.empty()) {
    return MustRead{std::move(promises)};
  }
  remember(unit, dependencies);
  return dependencies;
}

std::vector<std::string> CompilerDependencies::search_directories(const TranslationUnit& unit) {
  TranslationUnit question = unit;
  question.source = question.target = "";
  const object::Digest key = key_of(question, "search");
  const auto record = records_.find(object::kFootprintTable, key);
  std::vector<std::string> directories;
  if (record && *record) {
    FieldReader fields(**record);
    while (auto field = fields.next()) {
      directories.push_back(*std::move(field));
    }
    return directories;
  }
  std::vector<std::string> words = unit.preprocessor_words;
  words.insert(words.end(), {"-E", "-v", "-w", "-x", unit.language, "/dev/null"});
  const base::Completed answer = run_driver(unit, view_.pristine_root(), words);
  // cpp's manual, "Search Path": each directory stands on its own line after a blank.
  for (size_t from = answer.err.find("search starts here:\n"); from < answer.err.size();) {
    const size_t end = std::min(answer.err.find('\n', from), answer.err.size());
    const std::string line = answer.err.substr(from, end - from);
    if (line.starts_with("End of search list")) {
      break;
    }
    if (line.starts_with(" ")) {
      directories.push_back(line.substr(1));
    }
    from = end + 1;
  }
  FieldWriter fields;
  for (const std::string& directory : directories) {
    fields.add(directory);
  }
  [[maybe_unused]] const auto kept = records_.record(object::kFootprintTable, key, fields.text());
  return directories;
}

void CompilerDependencies::remember(const TranslationUnit& unit, const Dependencies& dependencies) {
  const std::vector<std::string> directories = search_directories(unit);
  AbsentNames absent(directories, unit.working_directory);
  FieldWriter record;
  record.add(dependencies.depfile);
  for (const std::string& name : unit.include_files) {
    absent.search({name, true, false}, unit.working_directory + "/.");
  }
  for (const std::string& file : dependencies.files) {
    const std::string path = absolute(file, unit.working_directory);
    const auto digest = digest_at(view_, path);
    const auto mentions = digest ? facts_.mentions(path, *digest) : nullptr;
    // Gone while we looked, or its names can't be read off, so that what was absent isn't known: nothing is
    // remembered.
    if (!mentions || mentions->computed) {
      return;
    }
    for (const Mentions::Header& header : mentions->headers) {
      absent.search(header, file);
    }
    record.add(path);
    record.add(digest->to_string());
  }
  record.add("");
  for (const std::string& path : absent.paths()) {
    record.add(path);
  }
  [[maybe_unused]] const auto kept =
      records_.record(object::kFootprintTable, key_of(unit, "files"), record.text());
}

std::optional<Dependencies> CompilerDependencies::remembered(const TranslationUnit& unit) {
  const auto record = records_.find(object::kFootprintTable, key_of(unit, "files"));
  if (!record || !*record) {
    return std::nullopt;
  }
  FieldReader fields(**record);
  const auto depfile = fields.next();
  if (!depfile) {
    return std::nullopt;
  }
  for (auto path = fields.next(); path && !path->empty(); path = fields.next()) {
    const auto was = fields.next();
    const auto is = digest_at(view_, *path);
    if (!was || !is || is->to_string() != *was) {
      return std::nullopt;
    }
  }
  for (auto path = fields.next(); path; path = fields.next()) {
    if (is_there(*path)) {
      return std::nullopt;
    }
  }
  return Dependencies{files_in_depfile(*depfile), *depfile};
}

void CompilerDependencies::forget(const TranslationUnit& unit) {
  [[maybe_unused]] const auto gone = records_.record(object::kFootprintTable, key_of(unit, "files"), "");
}

}  // namespace model
