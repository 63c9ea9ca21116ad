#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "object/digest.hh"

#include <functional>
#include <optional>
#include <string>

namespace intercept {

// What interception needs of the rest of gg: thunks made concrete. Implemented above (cli wires the
// coordinator in). Any thread; `done` is called once, on any thread, never from within the call.
class Forcer {
 public:
  using Done = std::function<void(const base::Result<ir::Result>&)>;

  Forcer() = default;
  Forcer(const Forcer&) = delete;
  Forcer& operator=(const Forcer&) = delete;
  virtual ~Forcer() = default;

  // The final result (owes nothing), if a memo has it and the store still holds every output. Blocks briefly.
  [[nodiscard]] virtual std::optional<ir::Result> known(const object::Digest& thunk) = 0;

  // Starts to reduce the thunk and what it depends on; asking for one that is under way joins it.
  virtual void submit(const object::Digest& thunk, const std::string& label, Done done) = 0;

  // The same for one that has succeeded, but whose outputs the store has lost since: it is run again.
  virtual void remake(const object::Digest& thunk, Done done) = 0;

  // Somebody blocks on this one: it goes first.
  virtual void hurry(const object::Digest& thunk) = 0;

  // Nothing new starts; what runs may end, and is answered as ever. All else is answered with this reason as
  // its error.
  virtual void drain(const std::string& reason) = 0;

  // Stops all work and answers every pending `done` with an error.
  virtual void cancel_all() = 0;
};

}  // namespace intercept
