#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "storage/local/pack.hh"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace storage {

// The packs of one store, as a process sees them. Any thread.
class Packs {
 public:
  // `mark`: called with a pack's descriptor before an object of it is given out, so that gc sees the use;
  // false: the pack was collected just now.
  using Mark = std::function<bool(int fd)>;

  Packs(std::string folder, Mark mark) : folder_(std::move(folder)), mark_(std::move(mark)) {}

  // The bytes, checked; nullopt: no pack holds them sound. Looks for new packs when it finds nothing in those
  // that it knows. Throws SyscallError.
  [[nodiscard]] std::optional<std::string> read(const object::Digest& digest);

 private:
  struct Known {
    std::vector<std::shared_ptr<Pack>> packs;
    timespec as_of{};  // the folder's mtime
    bool looked = false;
  };

  [[nodiscard]] std::optional<std::string> read_from(const std::vector<std::shared_ptr<Pack>>& packs,
                                                     const object::Digest& digest);
  [[nodiscard]] std::vector<std::shared_ptr<Pack>> known();
  bool look_again();

  std::string folder_;
  Mark mark_;
  base::Guarded<Known> known_;
};

}  // namespace storage
