#pragma once

#include "base/still_wanted.hh"
#include "object/digest.hh"

#include <cstdint>
#include <string_view>

// Moving a file's bytes, by the cheapest way the kernel has. Both ends keep inodes of their own.
namespace storage {

// `size` bytes from the start of `from` to the start of the fresh file `to`: FICLONE, else copy_file_range,
// else read and write. Throws SyscallError naming `subject` (the target); ESTALE if the source is shorter.
void copy_bytes(int from, int to, uint64_t size, std::string_view subject);

// Hashes `from` from its start, whatever its position. Throws SyscallError naming `subject`; ECANCELED once
// it is not wanted any more.
[[nodiscard]] object::Digest hash_from_start(int from, std::string_view subject,
                                             const base::StillWanted& wanted = {});

struct HashedCopy {
  int from;
  std::string_view from_subject;
  int to;
  std::string_view to_subject;
};

// Copies all of `from` and names the bytes that arrived, even while somebody changes the source. Throws
// SyscallError naming the end that failed; ECANCELED once it is not wanted any more.
[[nodiscard]] object::Digest copy_and_hash(const HashedCopy& copy, const base::StillWanted& wanted = {});

}  // namespace storage
