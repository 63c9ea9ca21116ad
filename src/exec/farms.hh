#pragma once

#include "base/guarded.hh"
#include "base/unique_fd.hh"
#include "exec/farm.hh"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace exec {

// The farms of one process, each used by one container at a time, below one directory that vanishes with the
// process, or, if that was killed, when the next one starts. Any thread.
class Farms {
 public:
  // `directory` is made if need be and shared by all processes of one user. On the store's file system, or
  // every link becomes a copy. Throws base::SyscallError.
  Farms(const std::string& directory, object::FileStore& store);
  ~Farms();
  Farms(const Farms&) = delete;
  Farms& operator=(const Farms&) = delete;

  // Removes what processes left there that were killed.
  static void sweep(const std::string& directory);

  // Gives the farm back when it goes: whatever uses the farm has to have ended by then.
  struct GiveBack {
    Farms* farms;

    void operator()(Farm* farm) const { farms->give_back(std::unique_ptr<Farm>(farm)); }
  };

  using Lease = std::unique_ptr<Farm, GiveBack>;

  // A farm that holds `wanted`: the one that takes the least work.
  [[nodiscard]] Expected<Lease> take(const Layout& wanted);

  // Where every farm lies.
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  [[nodiscard]] std::unique_ptr<Farm> best(const Layout& wanted);
  void give_back(std::unique_ptr<Farm> farm);

  std::string directory_;
  base::UniqueFd lock_;  // held while the process lives
  object::FileStore& store_;
  std::atomic<unsigned> made_{0};
  base::Guarded<std::vector<std::unique_ptr<Farm>>> idle_;  // used last comes last
};

}  // namespace exec
