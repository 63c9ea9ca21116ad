#include "cli/subject.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/entry_word.hh"
#include "cli/journal.hh"
#include "intercept/placeholder.hh"
#include "intercept/registry.hh"

namespace cli {

std::optional<object::Promise> placeholder_at(const std::string& path) {
  return intercept::read_placeholder(path);
}

std::string journal_name(const std::string& word) {
  return intercept::canonical(absolute_path(word));
}

object::Digest thunk_for(const Settings& settings, const std::string& word) {
  if (const auto thunk = thunk_of_word(word)) {
    return *thunk;
  }
  const std::string path = absolute_path(word);
  if (const auto promise = placeholder_at(path)) {
    return promise->thunk;
  }
  const auto origin = origin_of(settings.store, journal_name(word));
  const auto thunk = origin ? object::Digest::parse(origin->command.thunk) : std::nullopt;
  if (!thunk) {
    throw base::OperatorError("'" + base::printable(word) +
                              "' is neither a thunk's digest nor a promise, nor a placeholder, nor a file "
                              "that a run of gg made as a thunk");
  }
  return *thunk;
}

}  // namespace cli
