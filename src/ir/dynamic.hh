#pragma once

#include "base/result.hh"
#include "object/tree.hh"

#include <map>
#include <string>
#include <string_view>

// How a process makes thunks while it runs, and returns promises where files are expected (spec/dynamic.md).
// The thunk has to say that it may; then the process finds a directory of its own in the container, and what
// it leaves there is looked at when it has ended.
namespace ir {

// The platform property of thunks that may.
inline constexpr const char* kGraph = "gg-graph";
inline constexpr const char* kDynamic = "dynamic";

// The directory and what is in it, from the container's root.
namespace dynamic {
inline constexpr const char* kPlace = ".gg";
inline constexpr const char* kTool = ".gg/gg";      // by convention; part of the input tree like any program
inline constexpr const char* kRoot = ".gg/root";    // symlink to the digest of the thunk's own input root
inline constexpr const char* kKnown = ".gg/known";  // HASH: the directories of the thunk's own input tree
inline constexpr const char* kMade = ".gg/made";    // HASH: what the process made: objects of any kind
inline constexpr const char* kReturned = ".gg/returned";  // appended to: Returned
}  // namespace dynamic

// By path from the input root; at or below a declared output.
using Returned = std::map<std::string, object::Promise>;

// What one who returns one promise appends to kReturned, in one write. Throws std::logic_error for what
// decode_returned() would refuse.
[[nodiscard]] std::string encode_returned(const std::string& path, const object::Promise& promise);

// All that was appended, in any order. The same promise twice for one path is once. Errors (Deterministic)
// say which entry is wrong.
[[nodiscard]] base::Result<Returned> decode_returned(std::string_view bytes);

}  // namespace ir
