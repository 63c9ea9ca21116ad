#pragma once

#include "object/tree.hh"

#include <optional>
#include <string>
#include <string_view>

// What can stand at a path of a tree, as one word that gg prints and reads back (docs/thunks.md).
namespace cli {

// "file:HASH/SIZE", "program:HASH/SIZE" (executable), "tree:HASH/SIZE", "link:TARGET",
// "promise:HASH/SIZE:OUTPUT".
[[nodiscard]] std::string word_of(const object::Entry& entry);

// Reads what word_of() writes; a tree is not known to owe. Nullopt: the word does not begin like one of
// these, so it is something else (a path). Throws UsageError if it does and goes on wrongly.
[[nodiscard]] std::optional<object::Entry> entry_of_word(std::string_view word);

// The thunk that a word names: "HASH/SIZE", or the one whose output a promise is. Nullopt: something else.
// Throws UsageError as entry_of_word() does.
[[nodiscard]] std::optional<object::Digest> thunk_of_word(std::string_view word);

}  // namespace cli
