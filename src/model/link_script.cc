#include "model/link_script.hh"

namespace model {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./-+$~=:").find(c) != std::string_view::npos;
}

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  // "" at the end.
  std::string next() {
    skip();
    if (at_ >= text_.size()) {
      return "";
    }
    if (text_[at_] == '"') {
      const size_t end = text_.find('"', at_ + 1);
      const size_t stop = end == std::string_view::npos ? text_.size() : end;
      std::string name(text_.substr(at_ + 1, stop - at_ - 1));
      at_ = std::min(stop + 1, text_.size());
      return name;
    }
    const size_t start = at_;
    while (at_ < text_.size() && is_name_character(text_[at_])) {
      ++at_;
    }
    at_ = at_ == start ? at_ + 1 : at_;
    return std::string(text_.substr(start, at_ - start));
  }

 private:
  void skip() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("/*")) {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<LinkScript> parse_link_script(std::string_view bytes) {
  if (bytes.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  LinkScript script;
  Tokens tokens(bytes);
  int depth = 0;
  for (std::string token = tokens.next(); !token.empty(); token = tokens.next()) {
    if (depth == 0 && (token == "INPUT" || token == "GROUP")) {
      if (tokens.next() == "(") {
        depth = 1;
      }
    } else if (depth == 0) {
      const bool in_parentheses = token == "SEARCH_DIR" || token == "STARTUP";
      if (token == "INCLUDE" || (in_parentheses && tokens.next() == "(")) {
        script.leads_to.push_back(tokens.next());
      }
    } else if (token == "(") {
      ++depth;
    } else if (token == ")") {
      --depth;
    } else if (token != "AS_NEEDED" && token != ",") {
      script.inputs.push_back(token);
    }
  }
  return script;
}

std::vector<std::string> search_directories_of(std::string_view linker_script) {
  constexpr std::string_view kMark = "SEARCH_DIR(\"";
  std::vector<std::string> directories;
  for (size_t at = linker_script.find(kMark); at != std::string_view::npos;
       at = linker_script.find(kMark, at + 1)) {
    const size_t from = at + kMark.size();
    const size_t end = linker_script.find('"', from);
    if (end == std::string_view::npos) {
      break;
    }
    directories.emplace_back(linker_script.substr(from, end - from));
  }
  return directories;
}

}  // namespace model
