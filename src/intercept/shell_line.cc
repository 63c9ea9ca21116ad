#include "intercept/shell_line.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

// Grammar: POSIX.1-2017, Shell & Utilities, 2.3 (tokens) and 2.10 (grammar). No alias, no here-document.
namespace intercept {

namespace {

struct Beyond {};  // thrown within this file: the line is not for this parser

// ---- words and operators

struct Word {
  std::string text;                        // after quote removal; meaningless where dynamic
  std::string raw;                         // as written
  bool dynamic = false;                    // holds an expansion: only the shell knows what it becomes
  bool quoted = false;                     // holds quotes, so it is no reserved word
  std::vector<std::string> substitutions;  // the lines inside $(…) and `…`
};

struct Token {
  enum class Kind { Word, Operator, End };
  Kind kind = Kind::End;
  Word word;
  std::string op;
};

constexpr std::string_view kOperatorStart = "&|;<>()\n";

class Lexer {
 public:
  explicit Lexer(std::string_view line) : line_(line) {}

  std::vector<Token> all() {
    std::vector<Token> tokens;
    do {
      tokens.push_back(next());
    } while (tokens.back().kind != Token::Kind::End);
    return tokens;
  }

 private:
  [[nodiscard]] bool done() const { return at_ >= line_.size(); }

  [[nodiscard]] char here() const { return line_[at_]; }

  [[nodiscard]] char ahead(size_t n) const { return at_ + n < line_.size() ? line_[at_ + n] : '\0'; }

  void skip_blanks() {
    while (!done()) {
      if (here() == ' ' || here() == '\t') {
        ++at_;
      } else if (here() == '\\' && ahead(1) == '\n') {
        at_ += 2;
      } else if (here() == '#') {
        at_ = std::min(line_.find('\n', at_), line_.size());
      } else {
        return;
      }
    }
  }

  Token next() {
    skip_blanks();
    if (done()) {
      return {};
    }
    if (kOperatorStart.find(here()) != std::string_view::npos) {
      return {Token::Kind::Operator, {}, take_operator()};
    }
    return {Token::Kind::Word, take_word(), ""};
  }

  std::string take_operator() {
    static constexpr std::array<std::string_view, 11> kLong{"<<-", "&&", "||", ";;", ">>", "<<",
                                                            "<&",  ">&", "<>", ">|", "&>"};
    for (const std::string_view op : kLong) {
      if (line_.substr(at_, op.size()) == op) {
        if (op == "<<" || op == "<<-" || op == "&>") {
          throw Beyond{};  // a here-document, or what bash and sh read differently
        }
        at_ += op.size();
        return std::string(op);
      }
    }
    return {line_[at_++]};
  }

  Word take_word() {
    Word word;
    const size_t start = at_;
    while (!done() && here() != ' ' && here() != '\t' &&
           kOperatorStart.find(here()) == std::string_view::npos) {
      take_piece(word);
    }
    word.raw = std::string(line_.substr(start, at_ - start));
    return word;
  }

  void take_piece(Word& word) {
    switch (here()) {
      case '\'':
        take_single_quoted(word);
        break;
      case '"':
        take_double_quoted(word);
        break;
      case '\\':
        take_escape(word);
        break;
      case '$':
        take_dollar(word);
        break;
      case '`':
        take_backquoted(word);
        break;
      case '[':
        // The command `[` is no pattern: that needs its closing bracket in the same word.
        word.dynamic = word.dynamic || line_.substr(at_, line_.find_first_of(" \t\n", at_) - at_).find(']') !=
                                           std::string_view::npos;
        word.text += line_[at_++];
        break;
      case '*':
      case '?':
        word.dynamic = true;
        word.text += line_[at_++];
        break;
      case '~':
        word.dynamic = word.dynamic || word.text.empty();
        word.text += line_[at_++];
        break;
      default:
        word.text += line_[at_++];
    }
  }

  void take_single_quoted(Word& word) {
    const size_t end = line_.find('\'', at_ + 1);
    if (end == std::string_view::npos) {
      throw Beyond{};
    }
    word.quoted = true;
    word.text += line_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void take_double_quoted(Word& word) {
    word.quoted = true;
    ++at_;
    while (!done() && here() != '"') {
      if (here() == '$') {
        take_dollar(word);
      } else if (here() == '`') {
        take_backquoted(word);
      } else if (here() == '\\' && ahead(1) != '\0' &&
                 std::string_view("$`\"\\\n").find(ahead(1)) != std::string_view::npos) {
        take_escape(word);
      } else {
        word.text += line_[at_++];
      }
    }
    if (done()) {
      throw Beyond{};
    }
    ++at_;
  }

  void take_escape(Word& word) {
    if (ahead(1) == '\0') {
      throw Beyond{};
    }
    if (ahead(1) != '\n') {
      word.quoted = true;
      word.text += ahead(1);
    }
    at_ += 2;
  }

  void take_dollar(Word& word) {
    const char kind = ahead(1);
    if (kind == '(') {
      word.dynamic = true;
      at_ += 2;
      take_parenthesised(word);
    } else if (kind == '{') {
      word.dynamic = true;
      at_ += 2;
      take_braced(word);
    } else if (kind == '\'' || kind == '"') {
      throw Beyond{};  // $'…': bash's, not POSIX's
    } else if (std::isalnum(static_cast<unsigned char>(kind)) != 0 || kind == '_' ||
               (kind != '\0' && std::string_view("@*#?-$!").find(kind) != std::string_view::npos)) {
      word.dynamic = true;
      at_ += 2;
      while (std::isalnum(static_cast<unsigned char>(kind)) != 0 && !done() &&
             (std::isalnum(static_cast<unsigned char>(here())) != 0 || here() == '_')) {
        ++at_;
      }
    } else {
      word.text += '$';
      ++at_;
    }
  }

  // Up to the parenthesis that closes. Quotes inside hide parentheses; `case` patterns inside do not, so a
  // line with them is beyond us when they do not pair.
  void take_parenthesised(Word& word) {
    const size_t start = at_;
    for (int depth = 1; depth > 0;) {
      if (done()) {
        throw Beyond{};
      }
      Word ignored;
      switch (here()) {
        case '(':
          ++depth;
          ++at_;
          break;
        case ')':
          --depth;
          ++at_;
          break;
        case '\'':
          take_single_quoted(ignored);
          break;
        case '"':
          take_double_quoted(ignored);
          break;
        case '`':
          take_backquoted(ignored);
          break;
        case '\\':
          take_escape(ignored);
          break;
        default:
          ++at_;
      }
    }
    const std::string inside(line_.substr(start, at_ - 1 - start));
    if (!inside.empty() && inside.front() == '(') {
      return;  // arithmetic
    }
    word.substitutions.push_back(inside);
  }

  void take_braced(Word& word) {
    while (!done() && here() != '}') {
      if (here() == '$') {
        take_dollar(word);
      } else if (here() == '`') {
        take_backquoted(word);
      } else if (here() == '\'') {
        take_single_quoted(word);
      } else if (here() == '"') {
        take_double_quoted(word);
      } else if (here() == '\\') {
        take_escape(word);
      } else {
        ++at_;
      }
    }
    if (done()) {
      throw Beyond{};
    }
    ++at_;
  }

  void take_backquoted(Word& word) {
    word.dynamic = true;
    std::string inside;
    for (++at_; !done() && here() != '`'; ++at_) {
      if (here() == '\\' && (ahead(1) == '`' || ahead(1) == '\\' || ahead(1) == '$')) {
        ++at_;
      }
      inside += here();
    }
    if (done()) {
      throw Beyond{};
    }
    ++at_;
    word.substitutions.push_back(std::move(inside));
  }

  std::string_view line_;
  size_t at_ = 0;
};

// ---- syntax tree

struct List;

struct Simple {
  std::vector<Word> assignments;
  std::vector<Word> words;
  std::vector<Word> redirections;
};

struct Command {
  enum class Kind { Simple, Brace, Subshell, If, Case, Loop, Function };
  Kind kind = Kind::Simple;
  Simple simple;
  std::vector<std::unique_ptr<List>> conditions;  // whose failure is an answer
  std::vector<std::unique_ptr<List>> bodies;
  std::vector<Word> other_words;  // of `for`, `case` and redirections: may hold substitutions
};

struct Pipeline {
  bool negated = false;
  std::vector<Command> commands;
};

struct AndOr {
  struct Link {
    bool after_or = false;
    Pipeline pipeline;
  };

  std::vector<Link> links;
  bool background = false;
};

struct List {
  std::vector<AndOr> items;
};

bool is_name(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool is_assignment(const Word& word) {
  const size_t equals = word.raw.find('=');
  return equals != std::string::npos && is_name(std::string_view(word.raw).substr(0, equals));
}

class Parser {
 public:
  explicit Parser(std::string_view line) : tokens_(Lexer(line).all()) {}

  List line() {
    List list = take_list({});
    if (here().kind != Token::Kind::End) {
      throw Beyond{};
    }
    return list;
  }

 private:
  using Enders = std::vector<std::string_view>;

  [[nodiscard]] const Token& here() const { return tokens_[at_]; }

  [[nodiscard]] bool at_op(std::string_view op) const {
    return here().kind == Token::Kind::Operator && here().op == op;
  }

  [[nodiscard]] bool at_reserved(std::string_view word) const {
    return here().kind == Token::Kind::Word && !here().word.quoted && !here().word.dynamic &&
           here().word.text == word;
  }

  void expect_reserved(std::string_view word) {
    if (!at_reserved(word)) {
      throw Beyond{};
    }
    ++at_;
  }

  void expect_op(std::string_view op) {
    if (!at_op(op)) {
      throw Beyond{};
    }
    ++at_;
  }

  void skip_newlines() {
    while (at_op("\n")) {
      ++at_;
    }
  }

  [[nodiscard]] bool at_end_of_list(const Enders& enders) const {
    if (here().kind == Token::Kind::End || at_op(")") || at_op(";;")) {
      return true;
    }
    return std::any_of(enders.begin(), enders.end(),
                       [&](std::string_view word) { return at_reserved(word); });
  }

  List take_list(const Enders& enders) {
    List list;
    skip_newlines();
    while (!at_end_of_list(enders)) {
      list.items.push_back(take_and_or());
      if (at_op("&")) {
        list.items.back().background = true;
        ++at_;
      } else if (at_op(";")) {
        ++at_;
      } else if (!at_op("\n")) {
        break;
      }
      skip_newlines();
    }
    return list;
  }

  std::unique_ptr<List> take_body(const Enders& enders) {
    auto list = std::make_unique<List>(take_list(enders));
    if (list->items.empty()) {
      throw Beyond{};
    }
    return list;
  }

  AndOr take_and_or() {
    AndOr chain;
    chain.links.push_back({false, take_pipeline()});
    while (at_op("&&") || at_op("||")) {
      const bool after_or = at_op("||");
      ++at_;
      skip_newlines();
      chain.links.push_back({after_or, take_pipeline()});
    }
    return chain;
  }

  Pipeline take_pipeline() {
    Pipeline pipeline;
    while (at_reserved("!")) {
      pipeline.negated = true;
      ++at_;
    }
    pipeline.commands.push_back(take_command());
    while (at_op("|")) {
      ++at_;
      skip_newlines();
      pipeline.commands.push_back(take_command());
    }
    return pipeline;
  }

  Command take_command() {
    Command command;
    if (at_op("(")) {
      ++at_;
      command.kind = Command::Kind::Subshell;
      command.bodies.push_back(take_body({}));
      expect_op(")");
    } else if (at_reserved("{")) {
      ++at_;
      command.kind = Command::Kind::Brace;
      command.bodies.push_back(take_body({"}"}));
      expect_reserved("}");
    } else if (at_reserved("if")) {
      take_if(command);
    } else if (at_reserved("while") || at_reserved("until")) {
      ++at_;
      command.kind = Command::Kind::Loop;
      command.conditions.push_back(take_body({"do"}));
      take_do_group(command);
    } else if (at_reserved("for")) {
      take_for(command);
    } else if (at_reserved("case")) {
      take_case(command);
    } else if (at_reserved("function") || at_reserved("select") || at_reserved("[[") || at_reserved("time") ||
               at_reserved("coproc")) {
      throw Beyond{};
    } else {
      return take_simple();
    }
    while (take_redirection(command.other_words)) {
    }
    return command;
  }

  void take_if(Command& command) {
    command.kind = Command::Kind::If;
    expect_reserved("if");
    for (;;) {
      command.conditions.push_back(take_body({"then"}));
      expect_reserved("then");
      command.bodies.push_back(take_body({"elif", "else", "fi"}));
      if (!at_reserved("elif")) {
        break;
      }
      ++at_;
    }
    if (at_reserved("else")) {
      ++at_;
      command.bodies.push_back(take_body({"fi"}));
    }
    expect_reserved("fi");
  }

  void take_do_group(Command& command) {
    expect_reserved("do");
    command.bodies.push_back(take_body({"done"}));
    expect_reserved("done");
  }

  void take_for(Command& command) {
    command.kind = Command::Kind::Loop;
    ++at_;
    if (here().kind != Token::Kind::Word || !is_name(here().word.raw)) {
      throw Beyond{};
    }
    ++at_;
    skip_newlines();
    if (at_reserved("in")) {
      ++at_;
      while (here().kind == Token::Kind::Word) {
        command.other_words.push_back(here().word);
        ++at_;
      }
    }
    if (at_op(";")) {
      ++at_;
    }
    skip_newlines();
    take_do_group(command);
  }

  void take_case(Command& command) {
    command.kind = Command::Kind::Case;
    ++at_;
    take_word_into(command.other_words);
    skip_newlines();
    expect_reserved("in");
    skip_newlines();
    while (!at_reserved("esac")) {
      if (at_op("(")) {
        ++at_;
      }
      take_word_into(command.other_words);
      while (at_op("|")) {
        ++at_;
        take_word_into(command.other_words);
      }
      expect_op(")");
      command.bodies.push_back(std::make_unique<List>(take_list({"esac"})));
      if (!at_op(";;")) {
        break;
      }
      ++at_;
      skip_newlines();
    }
    expect_reserved("esac");
  }

  void take_word_into(std::vector<Word>& words) {
    if (here().kind != Token::Kind::Word) {
      throw Beyond{};
    }
    words.push_back(here().word);
    ++at_;
  }

  bool take_redirection(std::vector<Word>& words) {
    static constexpr std::array<std::string_view, 7> kRedirections{"<", ">", ">>", "<&", ">&", "<>", ">|"};
    if (here().kind != Token::Kind::Operator ||
        std::find(kRedirections.begin(), kRedirections.end(), here().op) == kRedirections.end()) {
      return false;
    }
    ++at_;
    take_word_into(words);
    return true;
  }

  // "2" of "2>file" is its own token here; it only ever precedes an operator without a blank, which does not
  // matter: a last argument that is a number more or less changes no verdict... but it would change argv.
  [[nodiscard]] bool at_descriptor_number() const {
    const Word& word = here().word;
    return !word.text.empty() &&
           std::all_of(word.raw.begin(), word.raw.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; }) &&
           tokens_[at_ + 1].kind == Token::Kind::Operator &&
           (tokens_[at_ + 1].op[0] == '<' || tokens_[at_ + 1].op[0] == '>');
  }

  Command take_simple() {
    Command command;
    for (;;) {
      if (take_redirection(command.simple.redirections)) {
        continue;
      }
      if (here().kind != Token::Kind::Word) {
        break;
      }
      if (at_descriptor_number()) {
        ++at_;
        continue;
      }
      if (command.simple.words.empty() && is_assignment(here().word)) {
        command.simple.assignments.push_back(here().word);
      } else {
        command.simple.words.push_back(here().word);
      }
      ++at_;
    }
    if (command.simple.words.size() == 1 && at_op("(")) {
      ++at_;
      expect_op(")");
      skip_newlines();
      command.kind = Command::Kind::Function;
      Command body = take_command();
      auto list = std::make_unique<List>();
      AndOr chain;
      chain.links.push_back({false, {}});
      chain.links.back().pipeline.commands.push_back(std::move(body));
      list->items.push_back(std::move(chain));
      command.bodies.push_back(std::move(list));
    } else if (command.simple.words.empty() && command.simple.assignments.empty() &&
               command.simple.redirections.empty()) {
      throw Beyond{};
    }
    return command;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// ---- the judgement

// What a failure at some place of the line leads to.
enum class Failure { Stops, GoesOn };

bool plain(const Word& word, std::string_view text) {
  return !word.dynamic && word.text == text;
}

// `exit`, `exit 1`, `exit $?`: ends the shell with a failure when it is run because of one.
bool is_exit_with_failure(const Command& command) {
  if (command.kind == Command::Kind::Brace && command.bodies[0]->items.size() == 1 &&
      command.bodies[0]->items[0].links.size() == 1 && !command.bodies[0]->items[0].background &&
      command.bodies[0]->items[0].links[0].pipeline.commands.size() == 1) {
    return is_exit_with_failure(command.bodies[0]->items[0].links[0].pipeline.commands[0]);
  }
  const auto& words = command.simple.words;
  if (command.kind != Command::Kind::Simple || words.empty() || !plain(words[0], "exit")) {
    return false;
  }
  if (words.size() == 1 || (words.size() == 2 && words[1].raw == "$?")) {
    return true;
  }
  return words.size() == 2 && !words[1].dynamic && words[1].text != "0" && !words[1].text.empty() &&
         std::all_of(words[1].text.begin(), words[1].text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; }) &&
         words[1].text.find_first_not_of('0') != std::string::npos && words[1].text.size() <= 2;
}

// automake's recursion into sub-directories: `… || eval $failcom`, where the line itself sets failcom to
// `exit 1`, or for make -k to `fail=yes` and tests that at its end. Either way it fails in the end.
bool is_automake_failure(const Command& command, std::string_view line) {
  const auto& words = command.simple.words;
  return command.kind == Command::Kind::Simple && words.size() == 2 && plain(words[0], "eval") &&
         words[1].raw == "$failcom" && line.find("failcom='exit 1'") != std::string_view::npos &&
         line.find("test -z \"$fail\"") != std::string_view::npos;
}

constexpr std::array<std::string_view, 6> kPassOn{"exec", "command", "env", "nice", "nohup", "ionice"};
constexpr std::array<std::string_view, 3> kOpaque{"eval", ".", "source"};

class Judge {
 public:
  Judge(std::string_view line, const std::vector<std::string>& argv, bool stop_on_error)
      : line_(line), argv_(argv), stop_on_error_(stop_on_error) {}

  LineVerdict verdict() {
    const List list = Parser(line_).line();
    visit(list, Failure::Stops, Failure::Stops, Errexit::Counts);
    if (goes_on_ || trap_) {
      return LineVerdict::MayGoOn;
    }
    return found_ ? LineVerdict::CanOnlyStop : LineVerdict::Unsure;
  }

 private:
  // Within conditions `set -e` has no effect, however deep.
  enum class Errexit { Counts, Ignored };

  // `at_end`: what the failure of the whole list leads to; `on_exit`: of the shell that runs it.
  void visit(const List& list, Failure at_end, Failure on_exit, Errexit errexit) {
    for (size_t i = 0; i < list.items.size(); ++i) {
      const bool last = i + 1 == list.items.size();
      const AndOr& chain = list.items[i];
      if (chain.background) {
        visit_chain(chain, Failure::GoesOn, Failure::GoesOn, Errexit::Ignored, true);
        continue;
      }
      visit_chain(chain, last ? at_end : Failure::GoesOn, on_exit, errexit, last);
      note_options(chain);
    }
  }

  void visit_chain(const AndOr& chain, Failure at_end, Failure on_exit, Errexit errexit, bool last_of_list) {
    for (size_t i = 0; i < chain.links.size(); ++i) {
      // `set -e` looks at the last pipeline of a chain only.
      const bool last = i + 1 == chain.links.size();
      const bool negated = chain.links[i].pipeline.negated;
      const Errexit inner = last && !negated ? errexit : Errexit::Ignored;
      Failure failure = after_failure(chain, i, at_end, on_exit);
      if (inner == Errexit::Counts && stop_on_error_ && !last_of_list) {
        failure = on_exit;
      }
      if (negated) {
        failure = Failure::GoesOn;
      }
      visit_pipeline(chain.links[i].pipeline, failure, on_exit, inner);
    }
  }

  // What follows in `a && b || c` when link i has failed.
  [[nodiscard]] Failure after_failure(const AndOr& chain, size_t i, Failure at_end, Failure on_exit) const {
    for (size_t next = i + 1; next < chain.links.size(); ++next) {
      if (!chain.links[next].after_or) {
        continue;  // skipped, and the status stays
      }
      const Pipeline& pipeline = chain.links[next].pipeline;
      if (pipeline.negated || pipeline.commands.size() != 1) {
        return Failure::GoesOn;
      }
      const Command& command = pipeline.commands[0];
      if (is_exit_with_failure(command)) {
        return on_exit;
      }
      if (is_automake_failure(command, line_)) {
        return Failure::Stops;
      }
      if (command.kind != Command::Kind::Simple || command.simple.words.size() != 1 ||
          !plain(command.simple.words[0], "false")) {
        return Failure::GoesOn;
      }
    }
    return at_end;
  }

  void visit_pipeline(const Pipeline& pipeline, Failure failure, Failure on_exit, Errexit errexit) {
    const bool piped = pipeline.commands.size() > 1;
    for (const Command& command : pipeline.commands) {
      visit_command(command, piped ? Failure::GoesOn : failure, piped ? Failure::GoesOn : on_exit,
                    piped ? Errexit::Ignored : errexit);
    }
  }

  void visit_command(const Command& command, Failure failure, Failure on_exit, Errexit errexit) {
    visit_substitutions(command.other_words);
    for (const auto& condition : command.conditions) {
      visit(*condition, Failure::GoesOn, on_exit, Errexit::Ignored);
    }
    switch (command.kind) {
      case Command::Kind::Simple:
        visit_simple(command.simple, failure);
        break;
      case Command::Kind::Subshell:
        visit_bodies(command, failure, failure, errexit);
        break;
      case Command::Kind::Function:  // who knows from where it is called
        visit_bodies(command, Failure::GoesOn, Failure::GoesOn, Errexit::Ignored);
        break;
      case Command::Kind::Loop:
        visit_bodies(command, errexit == Errexit::Counts && stop_on_error_ ? on_exit : Failure::GoesOn,
                     on_exit, errexit);
        break;
      default:
        visit_bodies(command, failure, on_exit, errexit);
    }
  }

  void visit_bodies(const Command& command, Failure at_end, Failure on_exit, Errexit errexit) {
    for (const auto& body : command.bodies) {
      const bool before = stop_on_error_;
      visit(*body, at_end, on_exit, errexit);
      if (command.kind == Command::Kind::Subshell) {
        stop_on_error_ = before;
      }
    }
  }

  void visit_substitutions(const std::vector<Word>& words) {
    for (const Word& word : words) {
      for (const std::string& inside : word.substitutions) {
        const List list = Parser(inside).line();
        visit(list, Failure::GoesOn, Failure::GoesOn, Errexit::Ignored);
      }
    }
  }

  void visit_simple(const Simple& simple, Failure failure) {
    visit_substitutions(simple.assignments);
    visit_substitutions(simple.redirections);
    visit_substitutions(simple.words);
    if (simple.words.empty()) {
      return;
    }
    const Word& program = simple.words[0];
    trap_ = trap_ || plain(program, "trap");
    if (may_be_ours(simple)) {
      found_ = true;
      goes_on_ = goes_on_ || failure == Failure::GoesOn;
    }
  }

  [[nodiscard]] bool may_be_ours(const Simple& simple) const {
    const Word& program = simple.words[0];
    if (program.dynamic || program.text == argv_[0]) {
      return program.dynamic || arguments_fit(simple.words);
    }
    if (std::find(kOpaque.begin(), kOpaque.end(), program.text) != kOpaque.end()) {
      return simple.words.size() > 1 && !(simple.words.size() == 2 && simple.words[1].raw == "$failcom");
    }
    if (std::find(kPassOn.begin(), kPassOn.end(), program.text) == kPassOn.end()) {
      return false;
    }
    return std::any_of(simple.words.begin() + 1, simple.words.end(),
                       [&](const Word& word) { return word.dynamic || word.text == argv_[0]; });
  }

  // Two compiles in one line are told apart by their words. A dynamic word may become any number of words.
  [[nodiscard]] bool arguments_fit(const std::vector<Word>& words) const {
    if (std::any_of(words.begin(), words.end(), [](const Word& word) { return word.dynamic; })) {
      return true;
    }
    return words.size() == argv_.size() &&
           std::equal(words.begin(), words.end(), argv_.begin(),
                      [](const Word& word, const std::string& argument) { return word.text == argument; });
  }

  void note_options(const AndOr& chain) {
    const Pipeline& pipeline = chain.links[0].pipeline;
    if (pipeline.commands.size() != 1 || pipeline.commands[0].kind != Command::Kind::Simple) {
      return;
    }
    const auto& words = pipeline.commands[0].simple.words;
    if (words.size() < 2 || !plain(words[0], "set") || words[1].text.empty()) {
      return;
    }
    if (words[1].text[0] == '-' && words[1].text.find('e') != std::string::npos) {
      stop_on_error_ = words.size() == 2;
    } else if (words[1].text[0] == '+') {
      stop_on_error_ = false;
    }
  }

  std::string_view line_;
  const std::vector<std::string>& argv_;
  bool stop_on_error_;
  bool found_ = false;
  bool goes_on_ = false;
  bool trap_ = false;
};

}  // namespace

LineVerdict judge_line(std::string_view line, const std::vector<std::string>& argv,
                       const ShellOptions& options) {
  if (argv.empty()) {
    return LineVerdict::Unsure;
  }
  try {
    return Judge(line, argv, options.stop_on_error).verdict();
  } catch (const Beyond&) {
    return LineVerdict::Unsure;
  }
}

}  // namespace intercept
