#pragma once

#include "base/unique_fd.hh"
#include "exec/failure.hh"

#include <dirent.h>
#include <sys/types.h>

#include <memory>
#include <string>

// Looking at what a command left in its container.
namespace exec {

struct CloseDirectory {
  void operator()(DIR* listing) const { ::closedir(listing); }
};

using Listing = std::unique_ptr<DIR, CloseDirectory>;

// What stands at `path` ("" is the root itself) as an O_PATH descriptor. Symlinks on the way are followed as
// the command would have: within the root; the last one is not. None: errno says why.
[[nodiscard]] base::UniqueFd open_in_root(int root, const std::string& path);

// The same with the last symlink followed as well.
[[nodiscard]] base::UniqueFd follow_in_root(int root, const std::string& path);

// Opens what an O_PATH descriptor stands for; gives it the mode `needed` where the command has taken away its
// own right to read it. None: errno says why.
[[nodiscard]] base::UniqueFd reopen(const base::UniqueFd& place, int flags, mode_t needed);

// The directory that an O_PATH descriptor stands for. None: errno says why.
[[nodiscard]] Listing list(const base::UniqueFd& place);

// All bytes of a file of the container; one that cannot be read ends its thunk's attempt, not gg.
[[nodiscard]] Expected<std::string> read_whole(const base::UniqueFd& file, const std::string& path);

// What errno says of an attempt ("open the output"); where descriptors or memory ran out, RetryElsewhere.
[[nodiscard]] tl::unexpected<Failure> system_failure(const std::string& attempt, const std::string& path);

}  // namespace exec
