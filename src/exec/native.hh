#pragma once

#include "base/guarded.hh"
#include "exec/layout.hh"
#include "exec/runner.hh"
#include "exec/tree_reader.hh"
#include "object/store.hh"

#include <array>
#include <map>
#include <string>

namespace exec {

// Runs commands without a container, for machines that allow none and users who ask for it (--sandbox=none):
// in the real directory, on the real files, with everything in sight. So it runs a command only where that is
// what the thunk says: each declared input has to stand at its real path with the declared bytes; else it
// refuses and names the file. A file that stands where the command declares an output, and that is no input
// (an older output, a placeholder), is none of the thunk's and is removed first. What the command reads
// beyond that nobody knows, so no result of it may be remembered.
class NativeRunner final : public Runner {
 public:
  // `store` outlives this. `root` is where the input tree's "/" is: "" but in tests.
  explicit NativeRunner(object::Store& store, std::string root = "");

  [[nodiscard]] Expected<ir::Result> run(const object::Digest& thunk, const sandbox::Limits& limits,
                                         const sandbox::StopSignal& stop) override;

  [[nodiscard]] bool isolated() const override { return false; }

 private:
  using Signature = std::array<int64_t, 7>;  // of a file as stat(2) saw it

  [[nodiscard]] Expected<void> check(const Node& node);
  [[nodiscard]] Expected<void> clear_outputs(const Task& task, const Layout& layout) const;
  [[nodiscard]] bool holds(const std::string& path, const object::Digest& digest);

  object::Store& store_;
  std::string root_;
  TreeReader trees_;
  base::Guarded<std::map<Signature, object::Digest>> hashed_;
};

}  // namespace exec
