#include "ir/output_path.hh"

#include "fuzz/invariant.hh"

// The input is a working directory and a path, with a NUL between them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::view(data, size);
  const size_t nul = text.find('\0');
  if (nul == std::string_view::npos) {
    return 0;
  }
  const std::string_view working_directory = text.substr(0, nul);
  const std::string_view path = text.substr(nul + 1);
  if (const auto from_root = ir::output_from_root(working_directory, path)) {
    fuzz::require(ir::is_path_from_root(*from_root), "an output is below the root");
    fuzz::require(ir::output_path(working_directory, *from_root) == path, "a file has one spelling");
  }
  if (const auto spelt = ir::output_path(working_directory, path)) {
    fuzz::require(ir::output_from_root(working_directory, *spelt) == path,
                  "a spelling leads back to its file");
  }
  return 0;
}
