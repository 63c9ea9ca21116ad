#include "cli/commands.hh"
#include "cli/inspect.hh"
#include "cli/subject.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

namespace cli {

int describe(const Request& request) {
  const auto storage = open_storage(request.settings);
  const object::Digest thunk = thunk_for(request.settings, request.words.at(0));
  fmt::print("{}", describe_thunk(storage->store(), storage->records(), thunk,
                                  request.settings.json ? Format::Json : Format::Text));
  return kOk;
}

}  // namespace cli
