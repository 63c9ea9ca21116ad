#include "cli/entry_word.hh"

#include "base/quote.hh"
#include "cli/command_line.hh"

namespace cli {

namespace {

using object::Digest;

constexpr std::string_view kFile = "file:";
constexpr std::string_view kProgram = "program:";
constexpr std::string_view kTree = "tree:";
constexpr std::string_view kLink = "link:";
constexpr std::string_view kPromise = "promise:";

struct WordOf {
  std::string operator()(const object::File& file) const {
    return std::string(file.executable ? kProgram : kFile) + file.digest.to_string();
  }

  std::string operator()(const object::Subdirectory& directory) const {
    return std::string(kTree) + directory.digest.to_string();
  }

  std::string operator()(const object::Symlink& link) const { return std::string(kLink) + link.target; }

  std::string operator()(const object::Promise& promise) const {
    return std::string(kPromise) + promise.thunk.to_string() + ":" + promise.output;
  }
};

[[noreturn]] void refuse(std::string_view word, const char* form) {
  throw UsageError("'" + base::printable(word) + "' should read " + form);
}

Digest digest_in(std::string_view word, std::string_view kind, const char* form) {
  const auto digest = Digest::parse(word.substr(kind.size()));
  if (!digest) {
    refuse(word, form);
  }
  return *digest;
}

object::Promise promise_in(std::string_view word) {
  const std::string_view rest = word.substr(kPromise.size());
  const size_t colon = rest.find(':');
  const auto thunk = Digest::parse(rest.substr(0, colon));
  if (!thunk || colon == std::string_view::npos || !object::is_output_path(rest.substr(colon + 1))) {
    refuse(word, "promise:HASH/SIZE:OUTPUT");
  }
  return {*thunk, std::string(rest.substr(colon + 1))};
}

}  // namespace

std::string word_of(const object::Entry& entry) {
  return std::visit(WordOf{}, entry);
}

std::optional<object::Entry> entry_of_word(std::string_view word) {
  if (word.starts_with(kFile)) {
    return object::File{digest_in(word, kFile, "file:HASH/SIZE"), false};
  }
  if (word.starts_with(kProgram)) {
    return object::File{digest_in(word, kProgram, "program:HASH/SIZE"), true};
  }
  if (word.starts_with(kTree)) {
    return object::Subdirectory{digest_in(word, kTree, "tree:HASH/SIZE"), false};
  }
  if (word.starts_with(kLink)) {
    if (word.size() == kLink.size()) {
      refuse(word, "link:TARGET");
    }
    return object::Symlink{std::string(word.substr(kLink.size()))};
  }
  if (word.starts_with(kPromise)) {
    return promise_in(word);
  }
  return std::nullopt;
}

std::optional<object::Digest> thunk_of_word(std::string_view word) {
  return word.starts_with(kPromise) ? promise_in(word).thunk : Digest::parse(word);
}

}  // namespace cli
