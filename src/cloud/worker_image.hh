#pragma once

#include <string>
#include <vector>

#include "cloud/image_layout.hh"

namespace cloud {

// A root directory that a worker can be started in, and by which words.
struct WorkerRoot {
  std::string directory;
  std::vector<std::string> start;
};

// Has `worker`, the path of a gg-worker, make one of this machine at `directory`, which is not there yet.
// `authorities`: a file (PEM), whom it is to trust; empty: whom this machine trusts. Throws
// base::OperatorError, or base::SyscallError where it can't be started.
[[nodiscard]] WorkerRoot make_worker_root(const std::string& worker, const std::string& authorities,
                                          const std::string& directory);

// "amd64" or "arm64". Throws base::OperatorError where the file is no program for either.
[[nodiscard]] std::string architecture_of(const std::string& program);

// The image: a layer with what lies below /gg, the worker and all it needs, and one with the rest, which says
// what thunks see (docs/cloud.md). Throws base::SyscallError, or base::OperatorError that says which part is
// wrong.
Manifest make_worker_image(const WorkerRoot& root, const std::string& folder, const std::string& tag);

// An ELF file without its table of sections, and without all that only that leads to (debug information,
// symbols of the linker): what runs is the same. What is no ELF file for 64 bit stays as it is.
[[nodiscard]] std::string without_sections(std::string elf);

}  // namespace cloud
