#include "model/scan/definition.hh"

#include "model/scan/source_text.hh"

namespace model::scan {
namespace {

constexpr uint32_t kNoParameter = UINT32_MAX;

// Collects a definition's parameters and marks them in its body.
class Definition {
 public:
  Definition(std::span<const Token> tokens, const Vocabulary& vocabulary, Macro& macro,
             std::vector<Token>& body)
      : tokens_(tokens), vocabulary_(vocabulary), macro_(macro), body_(body) {}

  std::string_view run() {
    at_ = 1;
    if (at_ < tokens_.size() && tokens_[at_].kind == Kind::Open && !tokens_[at_].has(token_flag::kWhite)) {
      macro_.function_like = true;
      if (!parameters()) {
        return "a macro's parameter list is malformed";
      }
    }
    const size_t start = body_.size();
    const std::string_view wrong = copy_body();
    macro_.parameters = static_cast<uint16_t>(names_.size());
    macro_.size = static_cast<uint32_t>(body_.size() - start);
    return wrong;
  }

 private:
  bool parameters() {
    for (++at_; at_ < tokens_.size(); ++at_) {
      const Token& token = tokens_[at_];
      if (token.kind == Kind::Close) {
        ++at_;
        return true;
      }
      if (macro_.variadic) {
        return false;
      }
      if (token.kind == Kind::Comma && !names_.empty() && tokens_[at_ - 1].kind != Kind::Comma) {
        continue;
      }
      if (is_ellipsis(token)) {
        // `args...` names the variable arguments; a bare `...` calls them __VA_ARGS__.
        const bool named = tokens_[at_ - 1].kind == Kind::Identifier && !names_.empty();
        macro_.variadic = true;
        if (!named) {
          names_.push_back(static_cast<uint32_t>(Known::VaArgs));
        }
      } else if (token.kind == Kind::Identifier && tokens_[at_ - 1].kind != Kind::Identifier) {
        names_.push_back(token.text);
      } else {
        return false;
      }
    }
    return false;
  }

  [[nodiscard]] bool is_ellipsis(const Token& token) const {
    return token.kind == Kind::Punctuator && vocabulary_.spellings.text(token.text) == "...";
  }

  [[nodiscard]] uint32_t parameter(const Token& token) const {
    if (token.kind != Kind::Identifier) {
      return kNoParameter;
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == token.text) {
        return static_cast<uint32_t>(i);
      }
    }
    return kNoParameter;
  }

  std::string_view copy_body() {
    const size_t start = body_.size();
    uint8_t stringify = 0;
    for (; at_ < tokens_.size(); ++at_) {
      Token token = tokens_[at_];
      if (token.kind == Kind::HashHash) {
        if (body_.size() == start || at_ + 1 == tokens_.size()) {
          return "## at an end of a macro's body";
        }
        body_.back().flags |= token_flag::kPasteLeft;
        continue;
      }
      if (token.kind == Kind::Hash && macro_.function_like && stringify == 0) {
        stringify = token_flag::kStringify | (token.flags & (token_flag::kWhite | token_flag::kLead));
        continue;
      }
      const uint32_t index = parameter(token);
      const bool va_opt = macro_.variadic && token.kind == Kind::Identifier && is(token.text, Known::VaOpt);
      if (stringify != 0) {
        if (index == kNoParameter && !va_opt) {
          return "# is not followed by a macro parameter";
        }
        token.flags = stringify;
        stringify = 0;
      }
      if (va_opt) {
        if (!begin_va_opt(token)) {
          return "__VA_OPT__ is malformed";
        }
        continue;
      }
      if (token.kind == Kind::Close && end_va_opt()) {
        continue;
      }
      depth_ += token.kind == Kind::Open ? 1 : token.kind == Kind::Close ? -1 : 0;
      if (index != kNoParameter) {
        token.kind = Kind::Parameter;
        token.text = index;
      }
      body_.push_back(token);
    }
    if (stringify != 0) {
      return "# at the end of a macro's body";
    }
    return va_opt_at_ == 0 ? "" : "__VA_OPT__ is not closed";
  }

  bool begin_va_opt(Token token) {
    if (va_opt_at_ != 0 || at_ + 1 >= tokens_.size() || tokens_[at_ + 1].kind != Kind::Open) {
      return false;
    }
    ++at_;
    token.kind = Kind::Parameter;
    token.flags |= token_flag::kVaOpt;
    va_opt_depth_ = depth_;
    body_.push_back(token);
    va_opt_at_ = body_.size();
    return true;
  }

  bool end_va_opt() {
    if (va_opt_at_ == 0 || depth_ != va_opt_depth_) {
      return false;
    }
    body_[va_opt_at_ - 1].length = static_cast<uint16_t>(body_.size() - va_opt_at_);
    Token end;
    end.kind = Kind::VaOptEnd;
    body_.push_back(end);
    va_opt_at_ = 0;
    return true;
  }

  std::span<const Token> tokens_;
  const Vocabulary& vocabulary_;
  Macro& macro_;
  std::vector<Token>& body_;
  std::vector<uint32_t> names_;
  size_t at_ = 0;
  int depth_ = 0;
  int va_opt_depth_ = 0;
  size_t va_opt_at_ = 0;  // index + 1 of the open __VA_OPT__
};

uint16_t feature_of_identifier(uint32_t identifier) {
  switch (static_cast<Known>(identifier)) {
    case Known::Counter:
      return feature::kCounter;
    case Known::Date:
    case Known::Time:
      return feature::kDate;
    case Known::Timestamp:
      return feature::kTimestamp;
    case Known::Once:
    case Known::PushMacro:
    case Known::PopMacro:
    case Known::SystemHeader:
    case Known::IncludeAlias:
    case Known::PchPreprocess:
      return feature::kPragmaWord;
    default:
      return 0;
  }
}

// Whether tokens[index] stands in name( ... ).
bool is_argument(std::span<const Token> tokens, size_t index) {
  int depth = 0;
  while (index > 1 && depth <= 0) {
    --index;
    depth += tokens[index].kind == Kind::Open ? 1 : tokens[index].kind == Kind::Close ? -1 : 0;
  }
  return depth > 0 && tokens[index - 1].kind == Kind::Identifier;
}

bool pragma_matters(std::string_view words) {
  for (const std::string_view word :
       {"once", "push_macro", "pop_macro", "system_header", "include_alias", "pch_preprocess"}) {
    if (words.find(word) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

uint16_t features_of(std::span<const Token> tokens, const Vocabulary& vocabulary) {
  uint16_t features = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind == Kind::Identifier && token.text < static_cast<uint32_t>(Known::End)) {
      const uint16_t mine = feature_of_identifier(token.text);
      if (mine != feature::kPragmaWord || is_argument(tokens, i)) {
        features |= mine;
      }
      if (is(token.text, Known::PragmaOperator)) {
        const bool literal =
            i + 2 < tokens.size() && tokens[i + 1].kind == Kind::Open && tokens[i + 2].kind == Kind::String;
        if (!literal) {
          features |= feature::kPragmaMaker;
        } else if (pragma_matters(vocabulary.spellings.text(tokens[i + 2].text))) {
          features |= feature::kMacroPragma;
        }
      }
    } else if (token.kind == Kind::String) {
      const std::string_view text = vocabulary.spellings.text(token.text);
      if (text.find(".inc") != std::string_view::npos) {
        // Whatever the name is, only the macro's use would say whether it is assembled.
        bool unsure = false;
        if (!assembler_files(text, unsure).empty() || unsure) {
          features |= feature::kIncbin;
        }
      }
      if (text.size() > 2 && (text == "\"once\"" || text.starts_with("\"push_macro") ||
                              text.starts_with("\"pop_macro") || text == "\"system_header\"")) {
        features |= feature::kPragmaWord;
      }
    }
  }
  return features;
}

std::string_view define(std::span<const Token> tokens, const Dialect& dialect, const Vocabulary& vocabulary,
                        Macro& macro, std::vector<Token>& body) {
  if (tokens.empty() || tokens[0].kind != Kind::Identifier) {
    return "a macro name is not an identifier";
  }
  macro.name = tokens[0].text;
  const auto known = static_cast<Known>(macro.name);
  const bool operator_word = known >= Known::And && known <= Known::XorEq && dialect.named_operators;
  const bool untouchable = known == Known::Defined || known == Known::VaArgs || known == Known::VaOpt ||
                           (known >= Known::HasInclude && known <= Known::HasEmbed);
  if (operator_word || untouchable) {
    return "a macro name is reserved";
  }
  macro.features = features_of(tokens.subspan(1), vocabulary);
  return Definition(tokens, vocabulary, macro, body).run();
}

}  // namespace model::scan
