#pragma once

#include <set>
#include <string>
#include <vector>

#include "cloud/image_layout.hh"

namespace cloud {

// What the image of a worker is made of, all on this machine.
struct WorkerParts {
  std::string program;              // the path of gg-worker
  std::set<std::string> libraries;  // paths of what its loader opens, the loader itself included
  std::string loader;               // the one of `libraries` that starts it
  std::string authorities;          // a file (PEM): whom it trusts
  std::vector<std::string> top;     // names in this machine's "/"
  std::vector<std::string> etc;     // names in "/etc"
};

// Names in a folder, sorted. Throws base::SyscallError.
[[nodiscard]] std::vector<std::string> names_in(const std::string& folder);

// "amd64" or "arm64". Throws base::OperatorError where the file is no program for either.
[[nodiscard]] std::string architecture_of(const std::string& program);

// The image: below /gg the worker with its own loader and libraries, so that it needs nothing of what thunks
// see; all other folders are symlinks into /tmp/root, where it lays a thunk's files out (docs/cloud.md).
// Throws base::SyscallError, or base::OperatorError that says which part is wrong.
Manifest make_worker_image(const WorkerParts& parts, const std::string& folder, const std::string& tag);

// The entries of its two layers.
[[nodiscard]] std::vector<ImageEntry> worker_entries(const WorkerParts& parts);
[[nodiscard]] std::vector<ImageEntry> skeleton_entries(const WorkerParts& parts);

// An ELF file without its table of sections, and without all that only that leads to (debug information,
// symbols of the linker): what runs is the same. What is no ELF file for 64 bit stays as it is.
[[nodiscard]] std::string without_sections(std::string elf);

}  // namespace cloud
