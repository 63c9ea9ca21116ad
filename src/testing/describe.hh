#pragma once

#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/tree.hh"

#include <string>

// Values as text, one fact a line, in the order of their encoding: what a golden's .txt twin holds.
namespace golden {

[[nodiscard]] std::string describe(const object::Directory& directory);
[[nodiscard]] std::string describe(const ir::Command& command);
[[nodiscard]] std::string describe(const ir::Thunk& thunk);
[[nodiscard]] std::string describe(const ir::Result& result);

}  // namespace golden
