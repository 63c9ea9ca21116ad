#pragma once

#include "base/clock.hh"
#include "engine/reapi/lowered.hh"
#include "object/leases.hh"
#include "object/store.hh"

#include <atomic>
#include <chrono>
#include <vector>

namespace engine {

// Gets everything that an action needs to where it is executed. Any thread.
class InputSender {
 public:
  // Both stores and the clock outlive it.
  InputSender(object::Store& here, object::RemoteStore& there, const base::Clock& clock)
      : here_(here), there_(there), whole_(clock, kBelieved) {}

  enum class Trust { Leases, Nothing };

  // With Trust::Nothing the server is asked about each object again, since it has said, or seems to say, that
  // something is missing. Objects that neither side has are `lost`.
  [[nodiscard]] Attempted<void> send(const Lowered& action, Trust trust, const base::StillWanted& wanted);

 private:
  struct Closure {
    std::vector<object::Digest> objects;      // files and directories
    std::vector<object::Digest> directories;  // those that were looked into
  };

  [[nodiscard]] Attempted<Closure> closure(const object::Digest& root, Trust trust);

  // Shorter than a store's own leases, so that what a directory stands for is asked about in time.
  static constexpr std::chrono::minutes kBelieved{3};

  object::Store& here_;
  object::RemoteStore& there_;
  // Directories that were over there with all below. A third of a thunk's tree, by number of directories, is
  // the next one's as well.
  object::Leases whole_;
  // justbuild wants the target of each symlink as an object.
  std::atomic<bool> with_link_targets_{false};
};

}  // namespace engine
