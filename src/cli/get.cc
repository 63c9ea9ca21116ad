#include "base/errors.hh"
#include "base/files.hh"
#include "cli/commands.hh"
#include "cli/thunk_reader.hh"
#include "cli/wire_up.hh"

#include <unistd.h>

namespace cli {

int get(const Request& request) {
  const auto digest = object::Digest::parse(request.words.at(0));
  if (!digest) {
    throw UsageError("'" + request.words.at(0) +
                     "' is no digest; one reads <64 hex digits>/<size>, as `gg hash` prints");
  }
  const auto storage = open_storage(request.settings);
  const std::string bytes = read_object(storage->store(), *digest);
  if (request.output.empty()) {
    base::write_all(STDOUT_FILENO, bytes, "standard output");
  } else {
    base::write_file_atomically(request.output, bytes);
  }
  return kOk;
}

}  // namespace cli
