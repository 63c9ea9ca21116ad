#include "cli/commands.hh"
#include "cli/entry_word.hh"
#include "cli/inspect.hh"
#include "cli/subject.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

namespace cli {

int describe(const Request& request) {
  const auto storage = open_storage(request.settings);
  const std::string& word = request.words.at(0);
  const Format format = request.settings.json ? Format::Json : Format::Text;
  const auto entry = entry_of_word(word);
  const bool is_thunk = !entry || std::holds_alternative<object::Promise>(*entry);
  fmt::print("{}", is_thunk ? describe_thunk(storage->store(), storage->records(),
                                             thunk_for(request.settings, word), format)
                            : describe_entry(storage->store(), *entry, format));
  return kOk;
}

}  // namespace cli
