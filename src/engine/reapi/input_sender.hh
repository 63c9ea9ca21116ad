#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "engine/reapi/lowered.hh"
#include "object/store.hh"

#include <atomic>
#include <unordered_map>
#include <vector>

namespace engine {

// Gets everything that an action needs to where it is executed. Any thread.
class InputSender {
 public:
  // Both stores and the clock outlive it.
  InputSender(object::Store& here, object::RemoteStore& there, const base::Clock& clock)
      : here_(here), there_(there), clock_(clock) {}

  enum class Trust { Leases, Nothing };

  // With Trust::Nothing the server is asked about each object again, since it has said, or seems to say, that
  // something is missing. Objects that neither side has are `lost`.
  [[nodiscard]] ReapiExpected<void> send(const Lowered& action, Trust trust,
                                         const object::RemoteStore::Wanted& wanted);

 private:
  struct Closure {
    std::vector<object::Digest> objects;      // files and directories
    std::vector<object::Digest> directories;  // those that were looked into
  };

  [[nodiscard]] ReapiExpected<Closure> closure(const object::Digest& root, Trust trust);
  [[nodiscard]] bool is_whole(const object::Digest& directory) const;

  object::Store& here_;
  object::RemoteStore& there_;
  const base::Clock& clock_;
  // Directories that were over there with all below, and until when that is believed. A third of a thunk's
  // tree, by number of directories, is the next one's as well.
  base::Guarded<std::unordered_map<object::Digest, base::Nanoseconds>> whole_until_;
  // justbuild wants the target of each symlink as an object.
  std::atomic<bool> with_link_targets_{false};
};

}  // namespace engine
