#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "model/model.hh"
#include "object/store.hh"

#include <sys/stat.h>

#include <functional>
#include <unordered_map>

namespace model {

// The user's real files. Digests are kept by stat signature (device, inode, size, mtime, ctime), in memory
// and in the records, and a signature is trusted only when the file was at rest for a timestamp tick before
// it was hashed. Any thread.
class FileView final : public View {
 public:
  // Is the regular file at the path a placeholder, and of which promise? Called for files of a placeholder's
  // size only if the caller wishes; must be thread-safe.
  using AsPlaceholder =
      std::function<std::optional<object::Promise>(const std::string& path, const struct stat&)>;

  FileView(object::Store& store, object::Records& records, const base::Clock& clock,
           std::string pristine_root, AsPlaceholder as_placeholder);

  [[nodiscard]] base::Result<std::optional<object::Entry>> at(const std::string& path) override;

  [[nodiscard]] std::string pristine_root() const override { return pristine_root_; }

 private:
  [[nodiscard]] base::Result<object::Digest> digest_of(const std::string& path, const struct stat& status);
  [[nodiscard]] std::optional<object::Digest> remembered(const std::string& signature);

  object::Store& store_;
  object::Records& records_;
  const base::Clock& clock_;
  std::string pristine_root_;
  AsPlaceholder as_placeholder_;
  base::Guarded<std::unordered_map<std::string, object::Digest>> digests_;
};

}  // namespace model
