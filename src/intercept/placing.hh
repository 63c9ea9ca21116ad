#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "model/model.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// How files get into the user's tree. Always a copy, never a link into the store: the user may write to what
// is put there. Every replacement is one rename, so that a reader sees the old file or the new.
namespace intercept {

// Where a file for `path` is made before it is renamed: beside it, and nobody else's, since several processes
// may put the same file in place at once. The name tells who made it.
[[nodiscard]] std::string temporary_beside(const std::string& path);

// Removes what the process `maker`, which is dead, left of those in `folder`.
void remove_temporaries(const std::string& folder, pid_t maker);

// A file to be replaced, or none: anything else (/dev/null, a directory) is the real tool's business, and so
// is a folder that cannot be written to: its message is the one to be seen.
[[nodiscard]] bool can_be_made(const std::string& path);

// Writes `bytes` (a placeholder, a depfile) as `path` with exactly this mode; what stood there is replaced.
[[nodiscard]] base::Result<void> write_now(const std::string& path, std::string_view bytes, mode_t mode);

// Makes `path` what `entry` says, with mode 0666 or 0777 less `mask`; what stood there is replaced. mtime is
// now. `entry` owes nothing.
[[nodiscard]] base::Result<void> place_now(object::FileStore& store, const object::Entry& entry,
                                           const std::string& path, mode_t mask);

enum class OutputsToPlace { All, OnlyPerhaps };

// Puts a finished result's outputs in place with place_now, but for those that inference writes itself
// (write_now_files); `at` says where each goes, just before. An error: one that is always made is not in the
// result, or could not be put.
[[nodiscard]] base::Result<void> place_outputs(object::FileStore& store, const model::Inferred& inferred,
                                               const ir::Result& result, OutputsToPlace which, mode_t mask,
                                               const std::function<std::string(const std::string& path)>& at);

// The files that inference writes itself. `at` as above.
[[nodiscard]] base::Result<void> write_now_files(
    const model::Inferred& inferred, mode_t mask,
    const std::function<std::string(const std::string& path)>& at);

// Replaces the placeholder of `promise` at every one of `paths` by `entry`, where it still is that very
// promise. mtime, mode, owner and hard links between the paths are kept. Errors name the path; the others are
// tried all the same.
struct Putting {
  std::vector<std::string> placed;
  std::vector<base::Error> errors;
};

// Called around the decisive look at a path and its rename (`swap`); may refuse by answering false.
using Gate = std::function<base::Result<bool>(const std::string& path,
                                              const std::function<base::Result<bool>()>& swap)>;

[[nodiscard]] Putting put_in_place(object::FileStore& store, const object::Promise& promise,
                                   const object::Entry& entry, const std::vector<std::string>& paths,
                                   const Gate& gate);

// Removes the placeholder at `path` if it still is one of this promise.
bool remove_placeholder(const std::string& path, const object::Promise& promise);

}  // namespace intercept
