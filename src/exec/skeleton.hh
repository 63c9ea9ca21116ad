#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"
#include "object/store.hh"

#include <map>
#include <string>
#include <vector>

namespace exec {

// The root of a place that allows no namespaces, made beforehand for it (docs/decisions/worker.md): whatever
// a thunk's tree may hold at its top is a symlink there, "/usr" to "/tmp/root/usr" and so on; within a
// directory that has to be real, such as /etc, the names in it are. /tmp is real, and all that can be written
// to. One layout stands at a time.
class Skeleton {
 public:
  // `kept`: names in /tmp that are not the commands'. `root`: where "/" is; "" but in tests.
  explicit Skeleton(std::vector<std::string> kept, std::string root = "")
      : root_(std::move(root)), kept_(std::move(kept)) {}

  // Is this process's root one?
  [[nodiscard]] static bool is_here();

  // Puts all of `layout`, and `directories` (absolute), where a command finds them at their own paths. An
  // error (RetryElsewhere) names the path that this root has no place for.
  [[nodiscard]] Expected<void> lay_out(const Layout& layout, const std::vector<std::string>& directories,
                                       object::FileStore& store);

  // Removes all that commands may have left. The error names what cannot be removed.
  [[nodiscard]] base::Result<void> clear() const;

 private:
  enum class Kind : uint8_t { Link, Directory, Neither };

  [[nodiscard]] Kind kind_of(const std::string& path);
  [[nodiscard]] Expected<std::string> place_of(const std::string& path);
  [[nodiscard]] Expected<void> make_directory(const std::string& path);
  [[nodiscard]] Expected<void> link_to_real_directories() const;

  std::string root_;
  std::vector<std::string> kept_;
  std::map<std::string, Kind> kinds_;  // of the image, which does not change
};

}  // namespace exec
