#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace model {

// The user's own compiler, taken apart by asking its driver: absolute paths of all that each kind of work
// opens. Symlinks are named as found; whoever builds a tree follows them.
struct Toolchain {
  std::set<std::string> common;                  // the driver's own loader and libraries, locale data
  std::set<std::string> compile;                 // cc1, cc1plus, the compiler's own headers
  std::set<std::string> assemble;                // as
  std::set<std::string> link;                    // collect2, ld, the linker plugin, start files, libgcc
  std::vector<std::string> library_directories;  // where ld looks for -l after the user's -L, in order
  std::string path_variable;                     // PATH under which the driver finds as and ld
};

// Finds toolchains and remembers them for as long as it lives. Any thread.
class Toolchains {
 public:
  // `root`: see View::pristine_root().
  explicit Toolchains(std::string root) : root_(std::move(root)) {}

  // `driver`: absolute path of gcc or g++; `path_variable`: the user's PATH, where the driver would look for
  // as and ld. Throws base::OperatorError or SyscallError that names the part that's missing.
  [[nodiscard]] std::shared_ptr<const Toolchain> find(const std::string& driver,
                                                      const std::string& path_variable);

 private:
  std::string root_;
  std::mutex mutex_;  // held while asking: the second compile waits for the first one's answer
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Toolchain>> known_;
};

// A program by its name in a PATH; "" when it is nowhere.
[[nodiscard]] std::string find_program(const std::string& name, const std::string& path_variable);

}  // namespace model
