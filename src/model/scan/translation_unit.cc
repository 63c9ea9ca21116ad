#include "model/scan/translation_unit.hh"

#include "model/scan/source_text.hh"

#include <algorithm>
#include <charconv>

namespace model::scan {
namespace {

constexpr size_t kMaximumDepth = 200;

uint64_t key(uint32_t high, uint32_t low) {
  return uint64_t{high} << 32U | low;
}

std::string_view without_leading_dots(std::string_view path) {
  while (path.starts_with("./")) {
    path.remove_prefix(2);
    while (path.starts_with('/')) {
      path.remove_prefix(1);
    }
  }
  return path;
}

}  // namespace

TranslationUnit::TranslationUnit(FileSystem& files, HeaderCache& headers, Listings& listings,
                                 Vocabulary& vocabulary)
    : places_(files, headers, listings, vocabulary),
      vocabulary_(vocabulary),
      expander_(macros_, vocabulary, *this) {}

bool TranslationUnit::inexact(Reason reason, std::string_view detail) {
  if (!failure_) {
    Inexact why;
    why.reason = reason;
    why.detail = detail;
    if (!frames_.empty()) {
      why.file = frames_.back().place->absolute;
      why.line = directive_ != nullptr ? directive_->line : 0;
    }
    failure_ = why;
  }
  return false;
}

bool TranslationUnit::expansion_failed() {
  if (!failure_) {
    inexact(expander_.rejected() ? Reason::CompilerWillFail : Reason::Unsupported, expander_.failure());
  }
  return false;
}

Outcome TranslationUnit::run(const Request& request, const FileDirectives* command_line) {
  begin(request);
  if (enter_main()) {
    run_macros(*request.compiler->predefined);
    for (const Macro& builtin : request.compiler->builtins) {
      macros_.define(builtin);
    }
    bool good = true;
    if (command_line != nullptr) {
      run_macros(*command_line);
    }
    for (const ForcedFile& forced : request.forced) {
      good = good && (forced.what != ForcedFile::What::Imacros || run_file(forced.name));
    }
    good = good && (!request.reads_stdc_predef || !gcc() || enter_stdc_predef());
    for (const ForcedFile& forced : request.forced) {
      good = good && (forced.what != ForcedFile::What::Include || run_file(forced.name));
    }
    if (good) {
      run_frames(0);
    }
  }
  frames_.clear();
  if (failure_) {
    return std::move(*failure_);
  }
  for (const std::string_view path : places_.absent()) {
    scan_.absent.emplace_back(path);
  }
  for (const SearchStart& start : starts_) {
    scan_.directories.push_back(start.folder->absolute);
  }
  if (!gcc()) {
    for (std::string& folder : places_.folders_of_absent()) {
      scan_.directories.push_back(std::move(folder));
    }
  }
  scan_.date = (features_ & feature::kDate) != 0;
  scan_.timestamp = (features_ & feature::kTimestamp) != 0;
  return std::move(scan_);
}

void TranslationUnit::begin(const Request& request) {
  request_ = &request;
  const Compiler& compiler = *request.compiler;
  places_.begin(request.working_directory, compiler.dialect, compiler.dialect_number,
                request.canonical_system_headers);
  macros_.clear();
  expander_.use(compiler.dialect);
  scan_ = Scan{};
  failure_.reset();
  starts_.clear();
  starts_by_folder_.clear();
  files_by_search_.clear();
  files_by_inode_.clear();
  listed_.clear();
  folders_by_inode_.clear();
  clang_folders_.clear();
  files_.clear();
  finds_.clear();
  frames_.clear();
  line_names_.clear();
  directive_ = nullptr;
  counter_ = 0;
  features_ = 0;
  once_seen_ = false;
  first_include_ = !request.passes_over_precompiled;
  make_chain();
}

void TranslationUnit::make_chain() {
  const SearchPath& path = request_->path;
  const auto quotes = static_cast<uint32_t>(path.quote.size());
  const auto all = static_cast<uint32_t>(quotes + path.bracket.size());
  for (uint32_t i = 0; i < all; ++i) {
    const SearchDirectory& directory = i < quotes ? path.quote[i] : path.bracket[i - quotes];
    Folder& folder = places_.folder(directory.name);
    starts_.push_back({&folder, directory.system, i + 1 < all ? i + 1 : kNone, false});
    if (!gcc()) {
      (void)clang_folder(folder);  // it looks at all of them before it opens a file
    }
  }
  quote_head_ = all == 0 ? kNone : 0;
  bracket_head_ = path.bracket.empty() ? kNone : quotes;
}

// Definitions outside any file: what the compiler predefines, and the command line's.
void TranslationUnit::run_macros(const FileDirectives& file) {
  for (const Directive& directive : file.directives) {
    if (directive.kind == DirectiveKind::Define) {
      macros_.define(file.macros[directive.first]);
      features_ |= directive.features;
    } else if (directive.kind == DirectiveKind::Undef) {
      macros_.undefine(directive.first);
    } else {
      inexact(Reason::Unsupported, "a macro on the command line is no plain definition");
    }
  }
}

bool TranslationUnit::enter_main() {
  const uint32_t name = vocabulary_.spellings.number(request_->main_file);
  Folder& folder = places_.folder("");
  starts_.push_back({&folder, false, kNone, true});
  File file;
  file.place = &places_.place(folder, name);
  file.found_in = kNone;
  const Look& look = places_.look(*file.place, false);
  if (look.what == Look::What::Promised) {
    failure_ = Owed{{file.place->absolute}};
    return false;
  }
  if (look.what != Look::What::File) {
    return inexact(Reason::Unreadable, "'" + file.place->absolute + "' is not there or no regular file");
  }
  if (!gcc()) {
    file.folder = &clang_folder_of(file.place->spelled);
  }
  const auto index = static_cast<uint32_t>(files_.size());
  files_.push_back(file);
  files_by_inode_.set(look.identity.inode * 31 + look.identity.device, index);
  if (!load(files_[index], true)) {
    return false;
  }
  list(files_[index], false);
  files_[index].times = 1;
  return true;
}

bool TranslationUnit::enter_stdc_predef() {
  if (bracket_head_ == kNone) {
    return true;
  }
  const uint32_t index = find(vocabulary_.spellings.number("stdc-predef.h"), bracket_head_);
  if (failure_ || index == kMissing) {
    return !failure_;
  }
  first_include_ =
      !request_->passes_over_precompiled;  // gcc doesn't count this one: a precompiled header may still come
  const size_t floor = frames_.size();
  return enter(index, Entering::Include) && run_frames(floor);
}

// -include or -imacros: as #include "name" from the working directory.
bool TranslationUnit::run_file(const std::string& name) {
  const size_t floor = frames_.size();
  if (!gcc() && !request_->passes_over_precompiled) {
    for (const std::string_view suffix : {".pch", ".gch"}) {
      Place& compiled =
          places_.place(places_.folder(""), vocabulary_.spellings.number(name + std::string(suffix)));
      if (places_.look(compiled, false).what != Look::What::Absent) {
        return inexact(Reason::PrecompiledHeader, compiled.absolute);
      }
    }
  }
  const uint32_t index =
      find(vocabulary_.spellings.number(name), start_of(name, Quoting::Quote, Searching::Forced));
  if (failure_) {
    return false;
  }
  if (index == kMissing) {
    return inexact(Reason::MissingHeader, name);
  }
  return enter(index, Entering::Include) && run_frames(floor);
}

// ---- directives

// Until no more than `floor` frames are left above the main file's.
bool TranslationUnit::run_frames(size_t floor) {
  while (frames_.size() > floor) {
    Frame& frame = frames_.back();
    if (frame.at >= frame.directives->directives.size()) {
      frames_.pop_back();
      continue;
    }
    if (!step(frame)) {
      return false;
    }
  }
  return !failure_;
}

bool TranslationUnit::step(Frame& frame) {
  const Directive& directive = frame.directives->directives[frame.at];
  ++frame.at;
  switch (directive.kind) {
    case DirectiveKind::Define:
      macros_.define(frame.directives->macros[directive.first]);
      return directive.features == 0 || text(directive.features);
    case DirectiveKind::Undef:
      macros_.undefine(directive.first);
      return true;
    case DirectiveKind::Endif:
      return true;
    case DirectiveKind::Ifdef:
    case DirectiveKind::Ifndef:
    case DirectiveKind::If: {
      directive_ = &directive;
      const bool taken = holds(directive);
      branch(frame, directive, taken);
      return !failure_;
    }
    case DirectiveKind::Elif:
    case DirectiveKind::Elifdef:
    case DirectiveKind::Elifndef:
    case DirectiveKind::Else: {
      // Reached from within the branch that was taken: on to the #endif.
      const auto& all = frame.directives->directives;
      size_t end = directive.next;
      while (all[end].kind != DirectiveKind::Endif) {
        end = all[end].next;
      }
      frame.at = end + 1;
      return true;
    }
    default:
      break;
  }
  directive_ = &directive;
  switch (directive.kind) {
    case DirectiveKind::Include:
    case DirectiveKind::IncludeNext:
    case DirectiveKind::Import:
      return include(directive);
    case DirectiveKind::Embed:
      return embed(directive);
    case DirectiveKind::Once: {
      File& file = files_[frame.file];
      if (gcc() || frames_.size() > 1) {
        file.once = true;
        once_seen_ = true;
      }
      return true;
    }
    case DirectiveKind::SystemHeader:
      frame.system = frame.system || frames_.size() > 1;
      return true;
    case DirectiveKind::PushMacro:
      macros_.push(directive.first);
      return true;
    case DirectiveKind::PopMacro:
      macros_.pop(directive.first);
      return true;
    case DirectiveKind::Line:
      line(directive);
      return !failure_;
    case DirectiveKind::LineMarker:
      line_marker(directive);
      return !failure_;
    case DirectiveKind::Text:
      return text(directive.features);
    case DirectiveKind::PragmaWord: {
      const bool made = (features_ & feature::kPragmaMaker) != 0 && macros_.find(directive.first) != nullptr;
      return !made || inexact(Reason::Pragma, "_Pragma of a macro may change what is included");
    }
    case DirectiveKind::Incbin:
      scan_.assembled.emplace_back(vocabulary_.spellings.text(directive.first));
      return true;
    case DirectiveKind::Failure:
      return inexact(Reason::CompilerWillFail, vocabulary_.spellings.text(directive.first));
    default:
      return inexact(Reason::Pragma, vocabulary_.spellings.text(directive.first));
  }
}

bool TranslationUnit::holds(const Directive& directive) {
  switch (directive.kind) {
    case DirectiveKind::Ifdef:
    case DirectiveKind::Elifdef:
    case DirectiveKind::Ifndef:
    case DirectiveKind::Elifndef: {
      if (directive.first == 0) {
        return inexact(Reason::CompilerWillFail, "#ifdef without a name");
      }
      const bool wanted = directive.kind == DirectiveKind::Ifdef || directive.kind == DirectiveKind::Elifdef;
      return (macros_.find(directive.first) != nullptr) == wanted;
    }
    default: {
      const FileDirectives& file = *frames_.back().directives;
      const uint64_t condition = file.serial + static_cast<uint64_t>(&directive - file.directives.data());
      if (const auto known = conditions_.recall(condition, macros_)) {
        return *known;
      }
      expander_.start(
          std::span<const Token>(file.tokens).subspan(directive.first, directive.last - directive.first));
      const bool result = evaluate(expander_);
      if (!expander_.failure().empty()) {
        return expansion_failed();
      }
      if (const auto consulted = expander_.consulted()) {
        conditions_.remember(condition, *consulted, result);
      }
      return result;
    }
  }
}

// Goes to the first branch that is taken, from an #if whose own condition was `taken`.
void TranslationUnit::branch(Frame& frame, const Directive& directive, bool taken) {
  const auto& all = frame.directives->directives;
  const Directive* at = &directive;
  while (!taken && !failure_) {
    const uint32_t next = at->next;
    at = &all[next];
    frame.at = next + size_t{1};
    directive_ = at;
    if (at->kind == DirectiveKind::Else || at->kind == DirectiveKind::Endif) {
      return;
    }
    taken = holds(*at);
  }
}

bool TranslationUnit::text(uint16_t features) {
  features_ |= features;
  constexpr uint16_t kPragmas = feature::kPragmaMaker | feature::kPragmaWord;
  if ((features & feature::kMacroPragma) != 0 || (features_ & kPragmas) == kPragmas) {
    return inexact(Reason::Pragma, "_Pragma of macros may change what is included");
  }
  if ((features & feature::kIncbin) != 0) {
    return inexact(Reason::AssemblerFile, ".incbin or .include of a name that is not written out");
  }
  if ((features & feature::kModules) != 0 && request_->compiler->modules) {
    return inexact(Reason::Modules, "a module directive");
  }
  return true;
}

bool TranslationUnit::include(const Directive& directive) {
  uint32_t name = 0;
  Quoting quoting = directive.quoting;
  if (!included_name(directive, name, quoting)) {
    return false;
  }
  const bool next = directive.kind == DirectiveKind::IncludeNext && frames_.size() > 1;
  const uint32_t start =
      start_of(vocabulary_.spellings.text(name), quoting, next ? Searching::IncludeNext : Searching::Include);
  const uint32_t index = start == kNone ? kMissing : find(name, start);
  if (failure_) {
    return false;
  }
  if (index == kMissing) {
    return inexact(Reason::MissingHeader, vocabulary_.spellings.text(name));
  }
  return enter(index, directive.kind == DirectiveKind::Import ? Entering::Import : Entering::Include);
}

bool TranslationUnit::included_name(const Directive& directive, uint32_t& name, Quoting& quoting) {
  if (directive.quoting != Quoting::None) {
    name = directive.first;
    return true;
  }
  const FileDirectives& file = *frames_.back().directives;
  expander_.start(
      std::span<const Token>(file.tokens).subspan(directive.first, directive.last - directive.first));
  const Token first = expander_.next();
  const std::string_view text = first.kind == Kind::End ? "" : spell(first, vocabulary_);
  if (first.kind == Kind::HeaderName || (first.kind == Kind::String && text[0] == '"')) {
    quoting = first.kind == Kind::String ? Quoting::Quote : Quoting::Angle;
    name = vocabulary_.spellings.number(text.substr(1, text.size() - 2));
  } else if (first.kind == Kind::Less) {
    quoting = Quoting::Angle;
    const std::optional<std::string> glued = glue();
    name = glued ? vocabulary_.spellings.number(*glued) : 0;
  } else {
    expander_.reject("#include of something that is no file name");
  }
  if (!expander_.failure().empty()) {
    return expansion_failed();
  }
  return name != 0 && !vocabulary_.spellings.text(name).empty()
             ? true
             : inexact(Reason::CompilerWillFail, "empty file name in #include");
}

// After <: what stands up to >, spelled as the compilers do.
std::optional<std::string> TranslationUnit::glue() {
  std::string name;
  for (Token token = expander_.next(); token.kind != Kind::Greater; token = expander_.next()) {
    if (token.kind == Kind::End) {
      expander_.reject("#include <... without >");
      return std::nullopt;
    }
    if (token.has(gcc() ? token_flag::kWhite : token_flag::kLead)) {
      name += ' ';
    }
    name += spell(token, vocabulary_);
  }
  return name;
}

bool TranslationUnit::embed(const Directive& directive) {
  if (directive.quoting != Quoting::Quote) {
    return inexact(Reason::Unsupported, "#embed <...>");
  }
  const std::string_view name = vocabulary_.spellings.text(directive.first);
  Folder& folder = name.starts_with('/') ? places_.folder("") : folder_of(files_[frames_.back().file]);
  Place& place = places_.place(folder, directive.first);
  const Look look = places_.look(place, false);
  if (look.what == Look::What::Promised) {
    failure_ = Owed{{place.absolute}};
    return false;
  }
  if (look.what != Look::What::File) {
    return inexact(Reason::MissingHeader, name);
  }
  scan_.read.push_back({place.absolute, look.identity, std::nullopt});
  scan_.dependencies.push_back({std::string(without_leading_dots(place.path)), false});
  return true;
}

void TranslationUnit::line(const Directive& directive) {
  const FileDirectives& file = *frames_.back().directives;
  expander_.start(
      std::span<const Token>(file.tokens).subspan(directive.first, directive.last - directive.first));
  const Token number = expander_.next();
  const Token name = number.kind == Kind::Number ? expander_.next() : Token{};
  if (!expander_.failure().empty() || number.kind != Kind::Number) {
    expansion_failed();
    return;
  }
  const std::string_view digits = spell(number, vocabulary_);
  int64_t value = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), value);
  Frame& frame = frames_.back();
  frame.line_shift = value - (int64_t{directive.line} + 1);
  if (name.kind == Kind::String) {
    line_names_.push_back(destringize(spell(name, vocabulary_)));
    frame.name = &line_names_.back();
  }
}

// `# 12 "file" 3`: as #line, and its flags say whether that is a system header.
void TranslationUnit::line_marker(const Directive& directive) {
  const FileDirectives& file = *frames_.back().directives;
  line(directive);
  if (directive.last - directive.first > 1) {
    bool system = false;
    for (uint32_t i = directive.first + 2; i < directive.last; ++i) {
      const std::string_view flag = spell(file.tokens[i], vocabulary_);
      system = system || flag == "3" || flag == "4";
    }
    frames_.back().system = system;
  }
}

// ---- builtins

Token TranslationUnit::number(int64_t value) {
  std::string text = std::to_string(value);
  Token token;
  token.kind = Kind::Number;
  token.text = vocabulary_.spellings.number(text);
  return token;
}

Token TranslationUnit::string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  Token token;
  token.kind = Kind::String;
  token.text = vocabulary_.spellings.number(quoted + '"');
  return token;
}

Token TranslationUnit::value(Known which, Expander& expander) {
  const Frame& frame = frames_.back();
  switch (which) {
    case Known::Line:
      if (directive_->many_lines) {
        expander.fail("__LINE__ in a directive of several lines");
      }
      return number(int64_t{directive_->line} + frame.line_shift);
    case Known::File:
    case Known::FileName:
    case Known::BaseFile: {
      if (request_->file_macros_remapped || which == Known::FileName) {
        expander.fail("a file name macro that is remapped");
      }
      return string(which == Known::BaseFile ? request_->main_file
                    : frame.name != nullptr  ? *frame.name
                                             : frame.place->path);
    }
    case Known::IncludeLevel:
      return number(static_cast<int64_t>(frames_.size()) - 1);
    case Known::Counter:
      if ((features_ & feature::kCounter) != 0) {
        inexact(Reason::Counter, "__COUNTER__ in a directive after it was used in text");
        expander.fail("__COUNTER__");
      }
      return number(counter_++);
    case Known::Date:
    case Known::Time:
      features_ |= feature::kDate;
      return string("?");
    case Known::Timestamp:
      features_ |= feature::kTimestamp;
      return string("?");
    case Known::PragmaOperator:
      expander.fail("_Pragma inside a directive");
      return {};
    case Known::HasInclude:
    case Known::HasIncludeNext:
      return has_include(which);
    case Known::HasEmbed:
      expander.fail("__has_embed");
      return {};
    default:
      return ask(which);
  }
}

Token TranslationUnit::has_include(Known which) {
  Token token = expander_.next();
  if (token.kind != Kind::Open) {
    expander_.reject("__has_include without (");
    return {};
  }
  token = expander_.next();
  std::string name;
  Quoting quoting = Quoting::Angle;
  if (token.kind == Kind::String || token.kind == Kind::HeaderName) {
    const std::string_view text = spell(token, vocabulary_);
    quoting = token.kind == Kind::String ? Quoting::Quote : Quoting::Angle;
    name = text.size() > 2 ? text.substr(1, text.size() - 2) : "";
  } else if (token.kind == Kind::Less) {
    name = glue().value_or("");
  }
  if (expander_.next().kind != Kind::Close || name.empty()) {
    expander_.reject("__has_include of something that is no file name");
    return {};
  }
  const bool next = which == Known::HasIncludeNext && frames_.size() > 1;
  const uint32_t start = start_of(name, quoting, next ? Searching::IncludeNext : Searching::Include);
  if (start == kNone && gcc()) {
    expander_.reject("__has_include_next in the last directory");
    return {};
  }
  const uint32_t index = start == kNone ? kMissing : find(vocabulary_.spellings.number(name), start);
  if (failure_) {
    expander_.fail("__has_include");
    return {};
  }
  if (index != kMissing) {
    const File& file = use(index);
    scan_.present.push_back(file.place->absolute);
    if (!gcc()) {
      list(file, file.system);  // clang's depfile names what was only asked for
    }
  }
  return number(index == kMissing ? 0 : 1);
}

// __has_attribute(x) and its kin: the compiler's own answer to the question as it stands.
Token TranslationUnit::ask(Known which) {
  std::string question(vocabulary_.identifiers.text(static_cast<uint32_t>(which)));
  Token token = gcc() ? expander_.next() : expander_.next_unexpanded();
  if (token.kind != Kind::Open) {
    expander_.reject(question + " without (");
    return {};
  }
  question += '(';
  for (int depth = 1; depth != 0;) {
    token = gcc() ? expander_.next() : expander_.next_unexpanded();
    if (token.kind == Kind::End) {
      expander_.reject(question + "... without )");
      return {};
    }
    if (!gcc() && token.kind == Kind::Identifier && macros_.find(token.text) != nullptr) {
      expander_.fail("a builtin test of a macro");
      return {};
    }
    depth += token.kind == Kind::Open ? 1 : token.kind == Kind::Close ? -1 : 0;
    question += spell(token, vocabulary_);
  }
  const std::optional<int64_t> answer =
      request_->answers == nullptr ? std::nullopt : request_->answers->answer(question);
  if (!answer) {
    inexact(Reason::UnknownBuiltin, question);
    expander_.fail(question);
    return {};
  }
  return number(*answer);
}

// ---- files

Folder& TranslationUnit::folder_of(File& file) {
  if (file.folder == nullptr) {
    const std::string& path = file.place->path;
    file.folder = &places_.folder(std::string_view(path).substr(0, path.rfind('/') + 1));
  }
  return *file.folder;
}

// clang knows a directory by its inode, and calls it by the name under which it met it first.
Folder& TranslationUnit::clang_folder(Folder& folder) {
  const Identity& identity = places_.look(folder).identity;
  const uint64_t inode = identity.inode * 31 + identity.device;
  if (const auto known = folders_by_inode_.find(inode)) {
    return *clang_folders_[*known];
  }
  folders_by_inode_.set(inode, static_cast<uint32_t>(clang_folders_.size()));
  clang_folders_.push_back(&folder);
  return folder;
}

Folder& TranslationUnit::clang_folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return clang_folder(places_.folder(slash == std::string_view::npos ? "."
                                     : slash == 0                    ? "/"
                                                                     : path.substr(0, slash)));
}

// A search that begins beside the file that asks. The first to ask decides whether that is a system
// directory.
uint32_t TranslationUnit::folder_start(Folder& folder, bool system) {
  if (gcc()) {
    if (const auto known = starts_by_folder_.find(folder.number)) {
      return *known;
    }
  }
  const auto index = static_cast<uint32_t>(starts_.size());
  if (!gcc()) {
    const uint64_t which = key(folder.number, system ? 1 : 0);
    if (const auto known = starts_by_folder_.find(which)) {
      return *known;
    }
    starts_by_folder_.set(which, index);
  } else {
    starts_by_folder_.set(folder.number, index);
  }
  starts_.push_back({&folder, system, quote_head_, true});
  return index;
}

uint32_t TranslationUnit::start_of(std::string_view name, Quoting quoting, Searching searching) {
  if (name.starts_with('/')) {
    // No search: a start of its own without a next.
    Folder& nowhere = places_.folder("");
    if (const auto known = starts_by_folder_.find(key(nowhere.number, kNone))) {
      return *known;
    }
    const auto index = static_cast<uint32_t>(starts_.size());
    starts_by_folder_.set(key(nowhere.number, kNone), index);
    starts_.push_back({&nowhere, false, kNone, false});
    return index;
  }
  if (searching == Searching::Forced) {
    return folder_start(places_.folder(gcc() ? "./" : "."), false);
  }
  Frame& frame = frames_.back();
  File& file = files_[frame.file];
  if (searching == Searching::IncludeNext && frame.found_in != kNone) {
    const SearchStart& found = starts_[frame.found_in];
    const bool nowhere = found.folder->name.empty() && found.next == kNone && !found.of_includer;
    // clang searches anew where the file stood beside its includer.
    if (!nowhere && (gcc() || !found.of_includer)) {
      return found.next;
    }
  }
  if (quoting == Quoting::Angle) {
    return bracket_head_;
  }
  if (request_->path.quote_ignores_source_directory) {
    return quote_head_;
  }
  return folder_start(folder_of(file), frame.system);
}

uint32_t TranslationUnit::find(uint32_t name, uint32_t start) {
  const uint64_t asked = key(name, start);
  if (const auto known = files_by_search_.find(asked)) {
    return *known;
  }
  const uint32_t found = search(name, start);
  if (!failure_) {
    files_by_search_.set(asked, found);
  }
  return found;
}

// As gcc does it: what was found from the head of a chain is the same file for all that get there.
uint32_t TranslationUnit::search(uint32_t name, uint32_t start) {
  bool saw_bracket = false;
  bool saw_quote = false;
  uint32_t found = kMissing;
  for (uint32_t at = start; at != kNone; at = starts_[at].next) {
    if (at != start && (at == bracket_head_ || at == quote_head_)) {
      if (const auto known = files_by_search_.find(key(name, at))) {
        found = *known;
        break;
      }
      saw_bracket = saw_bracket || at == bracket_head_;
      saw_quote = saw_quote || at == quote_head_;
    }
    if (const auto file = try_place(name, at)) {
      found = *file;
      break;
    }
    if (failure_) {
      return kMissing;
    }
  }
  if (saw_bracket) {
    files_by_search_.set(key(name, bracket_head_), found);
  }
  if (saw_quote) {
    files_by_search_.set(key(name, quote_head_), found);
  }
  return found;
}

std::optional<uint32_t> TranslationUnit::try_place(uint32_t name, uint32_t start) {
  const SearchStart& from = starts_[start];
  Place& place = places_.place(*from.folder, name);
  const Look& look = places_.look(place, from.system);
  if (first_include_ && gcc()) {
    const uint32_t compiled =
        vocabulary_.spellings.number(std::string(vocabulary_.spellings.text(name)) + ".gch");
    if (places_.look(places_.place(*from.folder, compiled), from.system).what != Look::What::Absent) {
      inexact(Reason::PrecompiledHeader, place.absolute + ".gch");
      return std::nullopt;
    }
  }
  switch (look.what) {
    case Look::What::File:
    case Look::What::Promised:
      return file_at(place, start);
    case Look::What::Unreadable:
      inexact(Reason::Unreadable, place.absolute);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

uint32_t TranslationUnit::file_at(Place& place, uint32_t start) {
  first_include_ = false;
  finds_.push_back({static_cast<uint32_t>(files_.size()), &place, start});
  const auto found = static_cast<uint32_t>(finds_.size() - 1);
  if (!gcc()) {
    const uint64_t inode = place.look.identity.inode * 31 + place.look.identity.device;
    if (const auto known = files_by_inode_.find(inode)) {
      finds_.back().file = *known;
      return found;
    }
    files_by_inode_.set(inode, finds_.back().file);
  }
  File file;
  file.place = &place;
  file.found_in = start;
  file.system = starts_[start].system;
  if (!gcc()) {
    file.folder = &clang_folder_of(place.spelled);
  }
  files_.push_back(file);
  return found;
}

// The file under the name and in the place where this search found it.
TranslationUnit::File& TranslationUnit::use(uint32_t found) {
  const Found& use = finds_[found];
  File& file = files_[use.file];
  file.place = use.place;
  file.found_in = use.start;
  if (!gcc() && starts_[use.start].of_includer) {
    file.found_in = frames_.back().found_in;  // clang: beside its includer, so on from where that was found
  }
  file.system = starts_[use.start].system;
  return file;
}

bool TranslationUnit::guarded(const File& file) const {
  return file.times != 0 && file.guard != 0 && macros_.find(file.guard) != nullptr;
}

// Before the file is read; gcc's order.
bool TranslationUnit::skips(File& file, Entering entering) {
  if (file.once) {
    return true;
  }
  if (entering == Entering::Import) {
    file.once = true;
    once_seen_ = true;
    if (file.times != 0) {
      return true;
    }
  }
  return guarded(file);
}

bool TranslationUnit::clang_skips(File& file, Entering entering) const {
  if (entering == Entering::Import) {
    file.once = true;
    if (file.times != 0) {
      return true;
    }
  } else if (file.once && file.times != 0) {
    return true;
  }
  return guarded(file);
}

// gcc: a file with #pragma once, or any with #import, that has the same bytes, size and time under another
// name.
bool TranslationUnit::twin_was_read(const File& file, Entering entering) {
  constexpr int64_t kSecond = 1'000'000'000;
  const Identity& mine = file.place->look.identity;
  for (const File& other : files_) {
    const Identity& its = other.place->look.identity;
    const bool candidate = &other != &file && (other.once || entering == Entering::Import) &&
                           other.place->look.what == Look::What::File && its.size == mine.size &&
                           its.mtime / kSecond == mine.mtime / kSecond;
    if (!candidate) {
      continue;
    }
    const auto a = places_.bytes(*file.place);
    const auto b = places_.bytes(*other.place);
    if (!a || !b) {
      inexact(Reason::Unreadable, (a ? b : a).error().message);
      return false;
    }
    if (*a == *b) {
      if (!other.read) {
        scan_.read.push_back({other.place->absolute, its, std::nullopt, std::nullopt});
      }
      return true;
    }
  }
  return false;
}

bool TranslationUnit::load(File& file, bool once) {
  std::string error;
  const FileDirectives* directives =
      once ? places_.load_once(*file.place, error) : places_.load(*file.place, error);
  if (directives == nullptr) {
    return inexact(Reason::Unreadable, error);
  }
  const Place& place = *file.place;
  if (!file.read || place.fingerprint) {  // which is read again each time
    file.read = true;
    // The tree is made of this very state, which this unit has looked at; where the identity would not tell
    // the next change, the file is looked at again then.
    const bool settled = place.look.itself && place.look.identity == place.read_as && !place.fingerprint;
    scan_.read.push_back({place.absolute, place.read_as, place.fingerprint,
                          settled ? std::optional(place.look.executable) : std::nullopt});
  }
  if (!directives->problem.empty()) {
    inexact(Reason::CompilerWillFail, directives->problem);
    std::get<Inexact>(*failure_).file = file.place->absolute;
    std::get<Inexact>(*failure_).line = directives->problem_line;
    return false;
  }
  file.guard = directives->guard;
  frames_.push_back({static_cast<uint32_t>(&file - files_.data()), file.found_in, file.place, directives, 0,
                     false, 0, nullptr});
  return true;
}

bool TranslationUnit::enter(uint32_t index, Entering entering) {
  File& file = use(index);
  const bool includer_is_system = !frames_.empty() && frames_.back().system;
  const bool system = includer_is_system || file.system;
  if (gcc() ? skips(file, entering) : clang_skips(file, entering)) {
    if (!gcc()) {
      list(file, system);
    }
    return true;
  }
  if (file.place->look.what == Look::What::Promised) {
    failure_ = Owed{{file.place->absolute}};
    return false;
  }
  if (frames_.size() >= kMaximumDepth) {
    return inexact(Reason::CompilerWillFail, "#include nested too deeply");
  }
  if (gcc() && once_seen_ && twin_was_read(file, entering)) {
    if (!file.read) {
      file.read = true;
      scan_.read.push_back({file.place->absolute, file.place->look.identity, std::nullopt});
    }
    return true;
  }
  if (failure_ || !load(file, false)) {
    return false;
  }
  frames_.back().system = system;
  if (!gcc() || file.times == 0) {
    list(file, system);
  }
  ++file.times;
  return true;
}

void TranslationUnit::list(const File& file, bool system) {
  const std::string_view path = without_leading_dots(file.place->path);
  if (!gcc()) {
    const uint64_t once = key(vocabulary_.spellings.number(path), system ? 1 : 0);
    if (listed_.find(once)) {
      return;
    }
    listed_.set(once, 0);
  }
  scan_.dependencies.push_back({std::string(path), system});
}

}  // namespace model::scan
