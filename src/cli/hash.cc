#include "object/hash.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "cli/commands.hh"

#include <fmt/format.h>

#include <fcntl.h>

#include <nlohmann/json.hpp>

namespace cli {

int hash(const Request& request) {
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& path : request.words) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
      throw base::SyscallError("open", path);
    }
    const std::string digest = object::hash_file(file.get(), path).to_string();
    if (request.settings.json) {
      array.push_back({{"file", base::printable(path)}, {"digest", digest}});
    } else {
      fmt::print("{}  {}\n", digest, base::printable(path));
    }
  }
  if (request.settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

}  // namespace cli
