#pragma once

#include "model/scan/conditions.hh"
#include "model/scan/macro_table.hh"

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

class Expander;

// Computes what no definition text shows: __LINE__, __has_include(...) and their kin.
class Builtins {
 public:
  Builtins() = default;
  Builtins(const Builtins&) = delete;
  Builtins& operator=(const Builtins&) = delete;
  virtual ~Builtins() = default;

  // The value of `which`, whose name was just read; operands are read from the expander. On failure it calls
  // expander.fail() and returns anything.
  [[nodiscard]] virtual Token value(Known which, Expander& expander) = 0;
};

// Expands macros in one directive's tokens as GNU cpp and clang do: a stack of contexts, a macro disabled as
// long as its own is on it. Buffers are kept from directive to directive. One thread.
class Expander {
 public:
  Expander(MacroTable& macros, Vocabulary& vocabulary, Builtins& builtins)
      : macros_(macros), vocabulary_(vocabulary), builtins_(builtins) {}

  void use(const Dialect& dialect) { dialect_ = dialect; }

  // `tokens` must outlive the expansion.
  void start(std::span<const Token> tokens);

  // The next token, fully expanded; Kind::End at the end and after a failure.
  [[nodiscard]] Token next();

  // The next token as it stands (operands of `defined` and the like).
  [[nodiscard]] Token next_unexpanded();

  void fail(std::string_view why) {
    if (failure_.empty()) {
      failure_ = why;
    }
  }

  // Why the directive is wrong or can't be known; empty: it is fine.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  // Something that the compiler rejects was met, rather than something we don't know.
  void reject(std::string_view why) {
    rejected_ = rejected_ || failure_.empty();
    fail(why);
  }

  [[nodiscard]] bool rejected() const { return rejected_; }

  [[nodiscard]] bool defines(uint32_t name) { return look_up(name) != nullptr; }

  // The macros that this expansion has looked up so far; nullopt: it depends on more than these.
  [[nodiscard]] std::optional<std::span<const Consulted>> consulted() const {
    return computed_ ? std::nullopt : std::optional<std::span<const Consulted>>(consulted_);
  }

  [[nodiscard]] Vocabulary& vocabulary() { return vocabulary_; }

  [[nodiscard]] const Dialect& dialect() const { return dialect_; }

 private:
  using Tokens = std::vector<Token>;

  struct Context {
    const Token* at;
    const Token* end;
    uint32_t macro;  // to be enabled when this is done; 0: none
    bool barrier;    // an argument being expanded on its own: nothing is read past it
  };

  struct Argument {
    std::span<const Token> raw;
    std::span<const Token> expanded;
    bool is_expanded = false;
    bool omitted = false;  // of a variadic macro: not even an empty one was given
  };

  const Macro* look_up(uint32_t name);
  Token read();
  bool enter(const Macro& macro, const Token& name);
  bool collect(const Macro& macro, std::vector<Argument>& arguments);
  void push(std::span<const Token> tokens, uint32_t macro, const Token& name);
  void pop();
  void back_up(const Token& token);
  void substitute(std::span<const Token> body, const Macro& macro, std::vector<Argument>& arguments,
                  Tokens& out);
  std::span<const Token> operand(const Token& token, bool pasted, const Macro& macro,
                                 std::vector<Argument>& arguments, std::span<const Token> group);
  std::span<const Token> expanded(Argument& argument);
  void paste(Token& left, const Token& right);
  Token stringify(std::span<const Token> tokens);
  Tokens& buffer();

  MacroTable& macros_;
  Dialect dialect_;
  Vocabulary& vocabulary_;
  Builtins& builtins_;
  std::vector<Context> contexts_;
  std::deque<Tokens> buffers_;  // reused; a deque, because contexts point into them
  size_t used_ = 0;
  int prevent_ = 0;
  uint8_t carried_white_ = 0;  // white space of an expansion that came to nothing
  std::vector<Consulted> consulted_;
  bool computed_ = false;  // a builtin gave a value
  std::string failure_;
  bool rejected_ = false;
};

}  // namespace model::scan
