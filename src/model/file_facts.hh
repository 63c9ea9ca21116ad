#pragma once

#include "base/guarded.hh"
#include "model/include_names.hh"
#include "model/model.hh"

#include <memory>
#include <unordered_map>

namespace model {

// What stands at a path once symlinks are followed: File or Promise; nullopt if there is nothing. Errors name
// the path.
[[nodiscard]] base::Result<std::optional<object::Entry>> followed(View& view, const std::string& path);

// What files mention, read once for each content. Any thread.
class FileFacts {
 public:
  // Nullptr: the file is gone. Throws base::SyscallError when it can't be read.
  [[nodiscard]] std::shared_ptr<const Mentions> mentions(const std::string& path,
                                                         const object::Digest& digest);

 private:
  base::Guarded<std::unordered_map<object::Digest, std::shared_ptr<const Mentions>>> known_;
};

}  // namespace model
