#pragma once

#include "cli/settings.hh"
#include "object/tree.hh"

#include <optional>
#include <string>

namespace cli {

// What a word on the command line means: a thunk's digest, a promise of an output of it, a placeholder, or a
// file that some earlier run made (found in the journals). Throws base::OperatorError that says which of
// these it is not.
[[nodiscard]] object::Digest thunk_for(const Settings& settings, const std::string& word);

// The name by which journals know the file that a word on the command line means.
[[nodiscard]] std::string journal_name(const std::string& word);

// The promise that the placeholder at the path stands for; nullopt when it is no placeholder (or not there).
[[nodiscard]] std::optional<object::Promise> placeholder_at(const std::string& path);

}  // namespace cli
