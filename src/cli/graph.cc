#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/inspect.hh"
#include "cli/journal.hh"
#include "cli/subject.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

namespace cli {

int graph(const Request& request) {
  const auto storage = open_storage(request.settings);
  std::vector<object::Digest> targets;
  for (const std::string& word : request.words) {
    targets.push_back(thunk_for(request.settings, word));
  }
  const Format format = request.dot ? Format::Dot : request.settings.json ? Format::Json : Format::Text;
  const auto made_by = makers(request.settings.store);
  const auto maker_of = [&](const std::string& path) {
    const auto maker = made_by.find(base::printable(path));
    return maker == made_by.end() ? std::nullopt : object::Digest::parse(maker->second);
  };
  fmt::print("{}", graph_of(storage->store(), storage->records(), targets, maker_of, format));
  return kOk;
}

}  // namespace cli
