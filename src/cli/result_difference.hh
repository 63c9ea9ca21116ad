#pragma once

#include "ir/result.hh"
#include "object/store.hh"

#include <string>
#include <vector>

namespace cli {

// One thing in which two results of a thunk differ.
struct ResultDifference {
  std::string subject;  // an output, as declared; "standard output", "standard error", "exit status"
  std::string detail;   // for people: where the first difference is

  bool operator==(const ResultDifference&) const = default;
};

// Outputs first, in order. Timings may differ. Throws base::OperatorError where the store lacks what differs.
[[nodiscard]] std::vector<ResultDifference> differences(object::Store& store, const ir::Result& before,
                                                        const ir::Result& now);

}  // namespace cli
