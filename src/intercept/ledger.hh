#pragma once

#include "base/crew.hh"
#include "intercept/forcer.hh"
#include "intercept/registry.hh"
#include "object/store.hh"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace intercept {

// The session's thunks and how far they are. When one finishes, its outputs are put in place first, if they
// are to be; only then is anybody told. Where the store turns out to have lost an output, or holds it
// damaged, the thunk that made it is executed once more, and whoever wanted the output waits for that.
// Thread-safe.
class Ledger {
 public:
  // Called on a worker.
  using Told = std::function<void(const base::Result<ir::Result>&)>;

  // What becomes of a finished thunk's placeholders.
  enum class Finished {
    PutInPlace,
    StaysPromised,  // until somebody forces one
  };

  Ledger(Forcer& forcer, Registry& registry, object::FileStore& store, base::Crew& workers,
         Finished finished);

  // Another thunk that is to stand in for one that failed (inference had not seen all it reads), and by what
  // names it makes the same outputs.
  struct Instead {
    object::Digest thunk;
    std::string label;
    std::map<std::string, std::string> output_names;  // the failed thunk's -> its own
  };

  // Asked once, on a worker, when the thunk failed. Nullopt: nothing more to try. An error is told in place
  // of what the thunk failed with. Until what comes of it is settled, others that could not be executed wait:
  // it may have been for want of this one's outputs.
  using Again = std::function<base::Result<std::optional<Instead>>()>;

  // Known from now on, but not started: placeholders of it may exist. `told`, which may be empty, is told
  // whenever somebody has started it and it is finished.
  void expect(const object::Digest& thunk, const std::string& label, Told told, Again again);

  // Starts the thunk if nobody has.
  void start(const object::Digest& thunk);

  // The same for somebody who blocks on it.
  void need(const object::Digest& thunk, Told told);

  // Is a placeholder of this promise ours to act on: of this session, or of an earlier one whose thunk the
  // store still holds?
  [[nodiscard]] bool knows(const object::Digest& thunk);

  // Brings outputs of a finished thunk to where somebody wants them. Called a second time, with a new result,
  // when its error was of kind RetryHere: the store had not held them.
  using Put = std::function<base::Result<void>(const ir::Result&)>;

  // `told`, called once, gets the result whose outputs were put; or why they could not be, or the result with
  // which the thunk failed when it was executed once more.
  void put(const object::Digest& thunk, const ir::Result& result, const Put& put, const Told& told);

  // Forces the promise and puts it in place wherever it stands. An error when that could not be: no
  // placeholder of its thunk is left.
  void force(const object::Promise& promise, std::function<void(const base::Result<void>&)> told);

  // They are forced soon: what finished thunks made of them comes near, many at once.
  void expect_forcing(const std::set<object::Promise>& promises);

  // Work that may start thunks, on a worker. The ledger is not idle before it has been done.
  void post(std::function<void()> work);

  // Cancels all. What is started from now on fails.
  void stop();

  // Everything that was started or posted has finished, failed or been cancelled, and everybody has been
  // told.
  [[nodiscard]] bool idle() const;
  void wait_until_idle();

  // How many thunks that it knows have come to no good end.
  [[nodiscard]] size_t unfinished() const;

  // How many are under way.
  [[nodiscard]] size_t under_way() const;

  // Labels of those somebody has asked for and that are under way, at most `most`.
  [[nodiscard]] std::vector<std::string> labels_under_way(size_t most) const;

 private:
  // A thunk being executed, or executed, and who wants to know.
  struct Making {
    bool started = false;
    std::shared_ptr<const base::Result<ir::Result>> result;
    std::vector<Told> waiting;
  };

  struct Entry {
    std::string label;
    Making first;
    Making again;  // since the store had lost something of the first
    Again when_failed;
    std::optional<Instead> instead;
  };

  [[nodiscard]] base::Result<void> put_in_place(const object::Digest& thunk, const ir::Result& made);
  void note_told(Making& making, Told told);
  void post_counted(std::function<void()> work);
  void arrived(const object::Digest& thunk, const base::Result<ir::Result>& result);
  void finished(const object::Digest& thunk, const base::Result<ir::Result>& result);
  void try_again(const object::Digest& thunk, const base::Result<ir::Result>& result, const Again& again);
  void end_of_retry();
  bool make_again(const object::Digest& thunk, Told told);
  void settle(const object::Digest& thunk, const base::Result<ir::Result>& result,
              const std::function<void()>& settled);
  void conclude(const object::Digest& thunk, Making Entry::*which, const base::Result<ir::Result>& outcome);

  Forcer& forcer_;
  Registry& registry_;
  object::FileStore& store_;
  base::Crew& workers_;
  const Finished finished_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<object::Digest, Entry> entries_;
  size_t busy_ = 0;  // started and not told, plus work that is queued or under way
  std::atomic<bool> stopped_{false};
  size_t retrying_ = 0;  // in whose place another is tried, from the failure on until that is settled
  std::vector<std::pair<object::Digest, base::Result<ir::Result>>> parked_;
};

}  // namespace intercept
