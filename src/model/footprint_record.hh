#pragma once

#include "model/absence.hh"
#include "model/model.hh"
#include "object/digest.hh"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace model {

// What one question to the compiler came to, and all that has to be as it was for the answer to be the same:
// like ccache's direct mode, but with the names that were looked for in vain.
struct FootprintRecord {
  std::vector<std::pair<std::string, object::Digest>> files;  // absolute; every file read
  std::vector<std::string> directories;                       // searched, and there
  AbsentNames absent;
  std::string depfile;
  std::optional<Declined> declined;

  bool operator==(const FootprintRecord&) const = default;
};

// The value of object::kFootprintTable. Bump the version in the key (see recorded_dependencies.cc) with any
// change.
[[nodiscard]] std::string encode(const FootprintRecord& record);
[[nodiscard]] std::optional<FootprintRecord> decode_footprint_record(std::string_view bytes);

}  // namespace model
