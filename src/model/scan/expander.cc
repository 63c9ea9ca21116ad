#include "model/scan/expander.hh"

#include "model/scan/lexer.hh"

#include <utility>

namespace model::scan {
namespace {

constexpr size_t kMaximumDepth = 10'000;
constexpr size_t kMaximumTokens = 4'000'000;  // of one directive: past it we rather ask the compiler

}  // namespace

void Expander::start(std::span<const Token> tokens) {
  while (!contexts_.empty()) {
    pop();
  }
  used_ = 0;
  prevent_ = 0;
  carried_white_ = 0;
  consulted_.clear();
  computed_ = false;
  failure_.clear();
  rejected_ = false;
  contexts_.push_back({tokens.data(), tokens.data() + tokens.size(), 0, true});
}

Expander::Tokens& Expander::buffer() {
  if (used_ == buffers_.size()) {
    buffers_.emplace_back();
  }
  Tokens& tokens = buffers_[used_++];
  tokens.clear();
  return tokens;
}

void Expander::pop() {
  if (contexts_.back().macro != 0) {
    macros_.enable(contexts_.back().macro);
  }
  contexts_.pop_back();
}

const Macro* Expander::look_up(uint32_t name) {
  consulted_.push_back({name, macros_.definition(name)});
  return macros_.find(name);
}

Token Expander::read() {
  while (true) {
    Context& context = contexts_.back();
    if (context.at != context.end) {
      Token token = *context.at++;
      token.flags |= carried_white_;
      carried_white_ = 0;
      return token;
    }
    if (context.barrier) {
      return Token{};
    }
    pop();
  }
}

Token Expander::next() {
  while (failure_.empty()) {
    Token token = read();
    if (token.kind != Kind::Identifier || token.has(token_flag::kNoExpand)) {
      return token;
    }
    const Macro* macro = look_up(token.text);
    if (macro == nullptr) {
      return token;
    }
    if (macros_.disabled(token.text)) {
      token.flags |= token_flag::kNoExpand;
      return token;
    }
    if (prevent_ != 0) {
      return token;
    }
    if (macro->builtin != 0) {
      computed_ = true;
      const Token value = builtins_.value(static_cast<Known>(macro->builtin), *this);
      return failure_.empty() ? value : Token{};
    }
    if (!enter(*macro, token)) {
      return failure_.empty() ? token : Token{};
    }
  }
  return Token{};
}

Token Expander::next_unexpanded() {
  ++prevent_;
  const Token token = next();
  --prevent_;
  return token;
}

void Expander::back_up(const Token& token) {
  if (token.kind != Kind::End) {
    --contexts_.back().at;
  }
}

void Expander::push(std::span<const Token> tokens, uint32_t macro, const Token& name) {
  if (contexts_.size() > kMaximumDepth) {
    fail("macros nest too deeply to be followed");
    return;
  }
  if (tokens.empty()) {
    carried_white_ |= name.flags & token_flag::kLead;
  }
  macros_.disable(macro);
  contexts_.push_back({tokens.data(), tokens.data() + tokens.size(), macro, false});
}

bool Expander::enter(const Macro& macro, const Token& name) {
  if ((macro.features & (feature::kPragmaMaker | feature::kMacroPragma)) != 0) {
    fail("_Pragma inside a directive");
    return false;
  }
  std::vector<Argument> arguments;
  if (macro.function_like) {
    const Token open = next_unexpanded();
    if (open.kind != Kind::Open) {
      back_up(open);
      return false;
    }
    if (!collect(macro, arguments)) {
      return false;
    }
  }
  Tokens& out = buffer();
  substitute({macro.body, macro.size}, macro, arguments, out);
  if (!out.empty()) {
    out[0].flags =
        static_cast<uint8_t>((out[0].flags & ~token_flag::kLead) | (name.flags & token_flag::kLead));
  }
  push(out, macro.name, name);
  return failure_.empty();
}

bool Expander::collect(const Macro& macro, std::vector<Argument>& arguments) {
  Tokens& pool = buffer();
  std::vector<size_t> ends;
  int depth = 0;
  ++prevent_;
  while (true) {
    const Token token = next();
    if (token.kind == Kind::End) {
      --prevent_;
      reject("unterminated argument list of a macro");
      return false;
    }
    if (depth == 0 && token.kind == Kind::Close) {
      break;
    }
    depth += token.kind == Kind::Open ? 1 : token.kind == Kind::Close ? -1 : 0;
    const bool variable = macro.variadic && ends.size() + 1 == macro.parameters;
    if (depth == 0 && token.kind == Kind::Comma && !variable) {
      ends.push_back(pool.size());
      continue;
    }
    pool.push_back(token);
  }
  --prevent_;
  ends.push_back(pool.size());
  const bool nothing = ends.size() == 1 && pool.empty();
  if (macro.parameters == 0 && !nothing) {
    reject("a macro without parameters got arguments");
    return false;
  }
  size_t start = 0;
  for (const size_t end : ends) {
    arguments.push_back({std::span<const Token>(pool).subspan(start, end - start), {}, false, false});
    start = end;
  }
  const size_t given = ends.size();
  if (given > macro.parameters && macro.parameters != 0) {
    reject("a macro got too many arguments");
    return false;
  }
  if (given < macro.parameters) {
    if (!macro.variadic || given + 1 < macro.parameters) {
      reject("a macro got too few arguments");
      return false;
    }
    arguments.push_back({});
  }
  if (macro.variadic && (given < macro.parameters || (given == 1 && nothing && !dialect_.strict))) {
    arguments[macro.parameters - size_t{1}].omitted = true;
  }
  return true;
}

std::span<const Token> Expander::expanded(Argument& argument) {
  if (!argument.is_expanded) {
    argument.is_expanded = true;
    Tokens& out = buffer();
    const int prevent = std::exchange(prevent_, 0);
    const uint8_t carried = std::exchange(carried_white_, uint8_t{0});
    contexts_.push_back({argument.raw.data(), argument.raw.data() + argument.raw.size(), 0, true});
    const size_t floor = contexts_.size();
    for (Token token = next(); token.kind != Kind::End; token = next()) {
      out.push_back(token);
    }
    while (contexts_.size() >= floor) {
      pop();
    }
    prevent_ = prevent;
    carried_white_ = carried;
    argument.expanded = out;
  }
  return argument.expanded;
}

// The tokens that one item of a body stands for. `group`: what a __VA_OPT__ holds.
std::span<const Token> Expander::operand(const Token& token, bool pasted, const Macro& macro,
                                         std::vector<Argument>& arguments, std::span<const Token> group) {
  if (token.kind != Kind::Parameter) {
    return {&token, 1};
  }
  std::span<const Token> raw;
  if (token.has(token_flag::kVaOpt)) {
    Tokens& held = buffer();
    if (!expanded(arguments.back()).empty()) {
      substitute(group, macro, arguments, held);
    }
    raw = held;
  } else {
    raw = arguments[token.text].raw;
  }
  if (token.has(token_flag::kStringify)) {
    Tokens& string = buffer();
    string.push_back(stringify(raw));
    return string;
  }
  return pasted || token.has(token_flag::kVaOpt) ? raw : expanded(arguments[token.text]);
}

void Expander::substitute(std::span<const Token> body, const Macro& macro, std::vector<Argument>& arguments,
                          Tokens& out) {
  constexpr uint8_t kOfBodies = token_flag::kPasteLeft | token_flag::kStringify;
  bool pasting = false;     // ## stands before this item
  bool left_empty = false;  // and there is nothing to its left
  for (size_t i = 0; i < body.size() && failure_.empty(); ++i) {
    const Token& token = body[i];
    const bool opt = token.has(token_flag::kVaOpt);
    const std::span<const Token> group = opt ? body.subspan(i + 1, token.length) : std::span<const Token>();
    i += opt ? token.length + size_t{1} : 0;  // to its VaOptEnd
    const bool paste_right = body[i].has(token_flag::kPasteLeft);
    const std::span<const Token> tokens = operand(token, pasting || paste_right, macro, arguments, group);
    const bool variable =
        token.kind == Kind::Parameter && !opt && macro.variadic && token.text + size_t{1} == macro.parameters;
    size_t from = 0;
    if (pasting && variable && !out.empty() && out.back().kind == Kind::Comma) {
      // GNU: `, ## args` loses its comma when no variable argument was given, and pastes nothing.
      if (arguments.back().omitted) {
        out.pop_back();
      }
    } else if (pasting && !left_empty && !tokens.empty() && !out.empty()) {
      paste(out.back(), tokens[0]);
      from = 1;
    }
    for (size_t k = from; k < tokens.size(); ++k) {
      out.push_back(tokens[k]);
      out.back().flags &= static_cast<uint8_t>(~kOfBodies);
    }
    if (from == 0 && !tokens.empty() && token.kind == Kind::Parameter) {
      Token& first = out[out.size() - tokens.size()];
      constexpr uint8_t kLead = token_flag::kLead;
      first.flags = static_cast<uint8_t>((first.flags & ~kLead) | (token.flags & kLead));
    }
    left_empty = tokens.empty() && (!pasting || left_empty);
    pasting = paste_right;
    if (out.size() > kMaximumTokens) {
      fail("a macro expands to too much to be followed");
    }
  }
}

void Expander::paste(Token& left, const Token& right) {
  std::string text(spell(left, vocabulary_));
  text += spell(right, vocabulary_);
  Tokens result;
  lex_line(text, Angles::Operators, dialect_, vocabulary_, result);
  if (result.size() != 1 || result[0].kind == Kind::Other) {
    reject("## makes no valid token");
    return;
  }
  result[0].flags = left.flags & (token_flag::kWhite | token_flag::kLead);
  left = result[0];
}

Token Expander::stringify(std::span<const Token> tokens) {
  std::string text = "\"";
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i != 0 && tokens[i].has(token_flag::kLead)) {
      text += ' ';
    }
    const bool literal = tokens[i].kind == Kind::String || tokens[i].kind == Kind::Char;
    for (const char c : spell(tokens[i], vocabulary_)) {
      if (literal && (c == '"' || c == '\\')) {
        text += '\\';
      }
      text += c;
    }
  }
  text += '"';
  Token token;
  token.kind = Kind::String;
  token.text = vocabulary_.spellings.number(text);
  return token;
}

}  // namespace model::scan
