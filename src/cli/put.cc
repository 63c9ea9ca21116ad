#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "cli/commands.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <fcntl.h>

#include <nlohmann/json.hpp>

namespace cli {

int put(const Request& request) {
  const auto storage = open_storage(request.settings);
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& path : request.words) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
      throw base::SyscallError("open", path);
    }
    const auto digest = storage->store().put_file(file.get(), path, {});
    if (!digest) {
      throw base::OperatorError(digest.error().message);
    }
    if (request.settings.json) {
      array.push_back({{"file", base::printable(path)}, {"digest", digest->to_string()}});
    } else {
      fmt::print("{}  {}\n", digest->to_string(), base::printable(path));
    }
  }
  if (request.settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

}  // namespace cli
