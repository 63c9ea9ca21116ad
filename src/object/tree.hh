#pragma once

#include "base/result.hh"
#include "object/digest.hh"

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace object {

// "Output `output` of thunk `thunk`" (DESIGN: promise). Stands in a tree where a file's or directory's digest
// would.
struct Promise {
  Digest thunk;        // the name of the thunk as written
  std::string output;  // one of its output paths, as declared

  auto operator<=>(const Promise&) const = default;
};

struct File {
  Digest digest;
  bool executable = false;

  auto operator<=>(const File&) const = default;
};

struct Subdirectory {
  Digest digest;      // of the encoded Directory
  bool owes = false;  // a promise stands somewhere below

  auto operator<=>(const Subdirectory&) const = default;
};

struct Symlink {
  std::string target;

  auto operator<=>(const Symlink&) const = default;
};

using Entry = std::variant<File, Subdirectory, Symlink, Promise>;

// One directory of a Merkle tree. Names are bytes without '/' and NUL, never "", "." or "..".
// The map's order (bytewise) is the order of the encoding.
struct Directory {
  std::map<std::string, Entry, std::less<>> entries;

  // A promise stands here or below.
  [[nodiscard]] bool owes() const;

  bool operator==(const Directory&) const = default;
};

// Would encode() take it? The error names the entry: an illegal name or output path, a digest that names
// nothing, a symlink to nowhere.
[[nodiscard]] base::Result<void> check(const Directory& directory);

// The canonical bytes (spec/proto/gg/v1/object.proto): same directory, same bytes, same name. Without
// promises they are those of a REAPI v2 Directory. Throws std::logic_error for what check() refuses, since
// bytes that nobody can read back would be kept for ever under their name.
[[nodiscard]] std::string encode(const Directory& directory);

// Accepts only what encode() writes: order, names and digests are checked, since the bytes may come from
// anywhere.
[[nodiscard]] base::Result<Directory> decode_directory(std::string_view bytes);

// Is it fit to be an entry's name?
[[nodiscard]] bool is_entry_name(std::string_view name);

// Is it fit to be the path of an output, relative to a thunk's working directory? Any number of "../", then
// entry names with one '/' between them: "a.o", "../lib/x", but not "", "..", "/a", "a/", "a//b", "a/../b".
[[nodiscard]] bool is_output_path(std::string_view path);

}  // namespace object
