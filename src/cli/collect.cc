#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/entry_word.hh"
#include "cli/file_collector.hh"
#include "cli/known_placeholder.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cli {

int collect(const Request& request) {
  const auto storage = open_storage(request.settings);
  FileCollector collector(storage->store(), known_placeholders(storage->store()));
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& path : request.words) {
    const object::Entry entry = collector.collect(path, request.filter);
    if (request.settings.json) {
      array.push_back({{"path", base::printable(path)}, {"word", base::printable(word_of(entry))}});
    } else {
      fmt::print("{}\n", word_of(entry));
    }
  }
  if (request.settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

}  // namespace cli
