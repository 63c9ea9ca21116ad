#include "model/scan/directives.hh"

#include "model/scan/definition.hh"
#include "model/scan/lexer.hh"
#include "model/scan/source_text.hh"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>

namespace model::scan {
namespace {

// Builds one file's directives, line by line.
class Reducer {
 public:
  Reducer(std::string_view bytes, const Dialect& dialect, Vocabulary& vocabulary)
      : text_(bytes, dialect), dialect_(dialect), vocabulary_(vocabulary) {}

  std::shared_ptr<const FileDirectives> run() {
    Passage passage;
    bool more = true;
    while (more) {
      more = text_.to_directive(passage);
      take(passage);
      if (more) {
        line_ = text_.line();
        directive(text_.directive_line());
      }
    }
    finish();
    return std::move(file_);
  }

 private:
  Directive& add(DirectiveKind kind, uint32_t first = 0, uint32_t last = 0) {
    Directive directive;
    directive.kind = kind;
    directive.line = line_;
    directive.first = first;
    directive.last = last;
    directive.many_lines = text_.line() != line_;
    file_->directives.push_back(directive);
    return file_->directives.back();
  }

  void fail(DirectiveKind kind, std::string_view why) { add(kind, vocabulary_.spellings.number(why)); }

  void problem(std::string_view why) {
    if (file_->problem.empty()) {
      file_->problem = why;
      file_->problem_line = line_;
    }
  }

  void take(const Passage& passage) {
    if (passage.tokens) {
      outside_text();
    }
    if (passage.features != 0) {
      line_ = passage.line;
      add(DirectiveKind::Text).features = passage.features;
    }
    for (const Remark& remark : passage.remarks) {
      line_ = remark.line;
      if (remark.what == Remark::What::Incbin) {
        add(DirectiveKind::Incbin, vocabulary_.spellings.number(remark.text));
      } else if (remark.what == Remark::What::PragmaWord) {
        add(DirectiveKind::PragmaWord, vocabulary_.identifiers.number(remark.text));
      } else {
        tokens_.clear();
        lex_line(remark.text, Angles::Operators, dialect_, vocabulary_, tokens_);
        pragma(tokens_);
      }
    }
  }

  // Text or a directive beside the outermost conditional: then that is no include guard.
  void outside_text() {
    if (open_.empty()) {
      guard_ = 0;
      guard_possible_ = false;
    }
  }

  void directive(std::string_view line) {
    tokens_.clear();
    const size_t name_end = name_of(line);
    if (tokens_.empty()) {
      return;  // the null directive does not spoil a guard
    }
    const Token name = tokens_[0];
    tokens_.clear();
    if (name.kind == Kind::Number && dialect_.language != Language::AsmWithCpp) {
      lex(line, Angles::Operators);
      keep(DirectiveKind::LineMarker, tokens_);
      outside_text();
      return;
    }
    const Known known = name.kind == Kind::Identifier ? static_cast<Known>(name.text) : Known::None;
    const bool includes = known == Known::Include || known == Known::IncludeNext || known == Known::Import ||
                          known == Known::Embed;
    lex(line.substr(name_end), includes ? Angles::FirstIsHeaderName : Angles::Operators);
    by_name(known);
  }

  // Lexes no more than the directive's name: what follows may have to be lexed differently.
  size_t name_of(std::string_view line) {
    size_t at = 0;
    while (at < line.size() && is_horizontal_space(static_cast<unsigned char>(line[at]))) {
      ++at;
    }
    if (at == line.size()) {
      return at;
    }
    const auto c = static_cast<unsigned char>(line[at]);
    const size_t end = is_identifier_start(c) ? end_of_identifier(line, at, dialect_)
                       : is_digit(c)          ? end_of_number(line, at, dialect_)
                                              : at + 1;
    lex(line.substr(at, end - at), Angles::Operators);
    return end;
  }

  void lex(std::string_view text, Angles angles) { lex_line(text, angles, dialect_, vocabulary_, tokens_); }

  Directive& keep(DirectiveKind kind, std::span<const Token> tokens) {
    const auto first = static_cast<uint32_t>(file_->tokens.size());
    file_->tokens.insert(file_->tokens.end(), tokens.begin(), tokens.end());
    return add(kind, first, static_cast<uint32_t>(file_->tokens.size()));
  }

  void by_name(Known name) {
    switch (name) {
      case Known::If:
        condition(DirectiveKind::If);
        return;
      case Known::Ifdef:
        condition(DirectiveKind::Ifdef);
        return;
      case Known::Ifndef:
        condition(DirectiveKind::Ifndef);
        return;
      case Known::Elif:
        branch(DirectiveKind::Elif);
        return;
      case Known::Elifdef:
      case Known::Elifndef:
        if (dialect_.elifdef) {
          branch(name == Known::Elifdef ? DirectiveKind::Elifdef : DirectiveKind::Elifndef);
        } else {
          unknown();
        }
        return;
      case Known::Else:
        branch(DirectiveKind::Else);
        return;
      case Known::Endif:
        endif();
        return;
      default:
        outside_text();
        plain(name);
    }
  }

  void plain(Known name) {
    switch (name) {
      case Known::Define:
        define_macro();
        return;
      case Known::Undef:
        named(DirectiveKind::Undef);
        return;
      case Known::Include:
        include(DirectiveKind::Include);
        return;
      case Known::IncludeNext:
        include(DirectiveKind::IncludeNext);
        return;
      case Known::Import:
        include(DirectiveKind::Import);
        return;
      case Known::Embed:
        include(DirectiveKind::Embed);
        return;
      case Known::Pragma:
        pragma(tokens_);
        return;
      case Known::LineDirective:
        keep(DirectiveKind::Line, tokens_);
        return;
      case Known::Error:
        fail(DirectiveKind::Failure, "#error");
        return;
      case Known::Warning:
      case Known::Ident:
      case Known::Sccs:
      case Known::Assert:
      case Known::Unassert:
        return;
      default:
        unknown();
    }
  }

  void unknown() {
    if (dialect_.language != Language::AsmWithCpp) {
      fail(DirectiveKind::Failure, "unknown directive");
      return;
    }
    // Most are comments of the assembler; the words in them count as text.
    if (const uint16_t features = features_of(tokens_, vocabulary_); features != 0) {
      add(DirectiveKind::Text).features = features;
    }
  }

  void condition(DirectiveKind kind) {
    const bool outermost = open_.empty();
    const bool first = outermost && guard_possible_ && guard_ == 0;
    open_.push_back(static_cast<uint32_t>(file_->directives.size()));
    starts_.push_back(open_.back());
    if (outermost) {
      guard_possible_ = false;  // until its #endif shows that it is the whole file
      guard_open_ = first ? guarding(kind) : 0;
      guard_ = 0;
    }
    add_condition(kind);
  }

  // The macro that #ifndef X, #if !defined X or #if !defined(X) asks for; else 0.
  [[nodiscard]] uint32_t guarding(DirectiveKind kind) const {
    if (kind == DirectiveKind::Ifndef) {
      return tokens_.size() == 1 && tokens_[0].kind == Kind::Identifier ? tokens_[0].text : 0;
    }
    const bool asks = kind == DirectiveKind::If && tokens_.size() >= 3 && tokens_[0].kind == Kind::Not &&
                      tokens_[1].kind == Kind::Identifier && is(tokens_[1].text, Known::Defined);
    if (!asks) {
      return 0;
    }
    if (tokens_.size() == 3 && tokens_[2].kind == Kind::Identifier) {
      return tokens_[2].text;
    }
    return tokens_.size() == 5 && tokens_[2].kind == Kind::Open && tokens_[3].kind == Kind::Identifier &&
                   tokens_[4].kind == Kind::Close
               ? tokens_[3].text
               : 0;
  }

  void add_condition(DirectiveKind kind) {
    if (kind == DirectiveKind::If || kind == DirectiveKind::Elif) {
      keep(kind, tokens_);
    } else if (kind == DirectiveKind::Else || kind == DirectiveKind::Endif) {
      add(kind);
    } else {
      const bool good = !tokens_.empty() && tokens_[0].kind == Kind::Identifier;
      add(kind, good ? tokens_[0].text : 0);
    }
  }

  void branch(DirectiveKind kind) {
    if (open_.empty()) {
      problem("#elif or #else without #if");
      return;
    }
    Directive& before = file_->directives[open_.back()];
    if (before.kind == DirectiveKind::Else) {
      problem("#elif or #else after #else");
      return;
    }
    before.next = static_cast<uint32_t>(file_->directives.size());
    if (open_.size() == 1) {
      guard_open_ = 0;
    }
    open_.back() = static_cast<uint32_t>(file_->directives.size());
    add_condition(kind);
  }

  void endif() {
    if (open_.empty()) {
      problem("#endif without #if");
      return;
    }
    file_->directives[open_.back()].next = static_cast<uint32_t>(file_->directives.size());
    open_.pop_back();
    starts_.pop_back();
    if (open_.empty()) {
      guard_ = guard_open_;
      guard_open_ = 0;
    }
    add(DirectiveKind::Endif);
  }

  void named(DirectiveKind kind) {
    if (tokens_.empty() || tokens_[0].kind != Kind::Identifier || is(tokens_[0].text, Known::Defined)) {
      fail(DirectiveKind::Failure, "a macro name is missing");
      return;
    }
    add(kind, tokens_[0].text);
  }

  void define_macro() {
    Macro macro;
    const size_t body = file_->tokens.size();
    const std::string_view wrong = define(tokens_, dialect_, vocabulary_, macro, file_->tokens);
    if (!wrong.empty()) {
      fail(DirectiveKind::Failure, wrong);
      return;
    }
    bodies_.push_back(body);
    Directive& added = add(DirectiveKind::Define, static_cast<uint32_t>(file_->macros.size()));
    added.features = macro.features;
    file_->macros.push_back(macro);
  }

  void include(DirectiveKind kind) {
    if (tokens_.empty()) {
      fail(DirectiveKind::Failure, "#include without a file name");
      return;
    }
    const Token first = tokens_[0];
    const std::string_view text = spell(first, vocabulary_);
    const bool quoted = first.kind == Kind::String && text[0] == '"';
    if (!quoted && first.kind != Kind::HeaderName) {
      keep(kind, tokens_);
      return;
    }
    if (text.size() <= 2) {
      fail(DirectiveKind::Failure, "empty file name in #include");
      return;
    }
    const uint32_t name = vocabulary_.spellings.number(text.substr(1, text.size() - 2));
    add(kind, name, tokens_.size() > 1 ? 1 : 0).quoting = quoted ? Quoting::Quote : Quoting::Angle;
  }

  void pragma(const std::vector<Token>& tokens) {
    if (tokens.empty() || tokens[0].kind != Kind::Identifier) {
      return;
    }
    switch (static_cast<Known>(tokens[0].text)) {
      case Known::Once:
        add(DirectiveKind::Once);
        return;
      case Known::PushMacro:
      case Known::PopMacro:
        macro_pragma(tokens);
        return;
      case Known::Gcc:
      case Known::Clang:
        if (tokens.size() > 1 && tokens[1].kind == Kind::Identifier) {
          namespaced_pragma(static_cast<Known>(tokens[1].text));
        }
        return;
      case Known::IncludeAlias:
      case Known::Hdrstop:
        fail(DirectiveKind::Unsure, "a #pragma that may change what is included");
        return;
      default:
        return;
    }
  }

  void namespaced_pragma(Known word) {
    if (word == Known::SystemHeader) {
      add(DirectiveKind::SystemHeader);
    } else if (word == Known::Dependency || word == Known::PchPreprocess || word == Known::Module) {
      fail(DirectiveKind::Unsure, "a #pragma that may read a file");
    }
  }

  void macro_pragma(const std::vector<Token>& tokens) {
    const bool good = tokens.size() >= 4 && tokens[1].kind == Kind::Open && tokens[2].kind == Kind::String &&
                      tokens[3].kind == Kind::Close;
    const std::string_view text = good ? vocabulary_.spellings.text(tokens[2].text) : "";
    if (!good || text.size() < 3 || text[0] != '"') {
      fail(DirectiveKind::Unsure, "#pragma push_macro of something else than a name");
      return;
    }
    add(is(tokens[0].text, Known::PushMacro) ? DirectiveKind::PushMacro : DirectiveKind::PopMacro,
        vocabulary_.identifiers.number(text.substr(1, text.size() - 2)));
  }

  void finish() {
    if (!text_.problem().empty()) {
      problem(text_.problem());
    }
    if (!open_.empty()) {
      line_ = file_->directives[starts_.back()].line;
      problem("unterminated #if");
      for (const uint32_t index : open_) {
        file_->directives[index].next = static_cast<uint32_t>(file_->directives.size());
      }
      add(DirectiveKind::Endif);
    }
    file_->guard = guard_;
    file_->serial = next_serials(std::max(file_->macros.size(), file_->directives.size()));
    for (size_t i = 0; i < bodies_.size(); ++i) {
      file_->macros[i].body = file_->tokens.data() + bodies_[i];
      file_->macros[i].serial = file_->serial + i;
    }
  }

  SourceText text_;
  const Dialect& dialect_;
  Vocabulary& vocabulary_;
  std::shared_ptr<FileDirectives> file_ = std::make_shared<FileDirectives>();
  std::vector<Token> tokens_;
  std::vector<size_t> bodies_;
  std::vector<uint32_t> open_;    // the latest branch of each open conditional
  std::vector<uint32_t> starts_;  // and its #if
  uint32_t line_ = 1;
  uint32_t guard_ = 0;
  uint32_t guard_open_ = 0;
  bool guard_possible_ = true;  // nothing but white space so far
};

}  // namespace

uint64_t next_serials(size_t count) {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(count, std::memory_order_relaxed);
}

std::shared_ptr<const FileDirectives> reduce(std::string_view bytes, const Dialect& dialect,
                                             Vocabulary& vocabulary) {
  return Reducer(bytes, dialect, vocabulary).run();
}

}  // namespace model::scan
