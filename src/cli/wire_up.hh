#pragma once

#include "base/clock.hh"
#include "cli/settings.hh"
#include "engine/memos/memo_exchange.hh"
#include "exec/runner.hh"
#include "loop/loop.hh"
#include "object/refilling_store.hh"
#include "object/tiered_store.hh"
#include "sched/coordinator.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <memory>

// The one place that knows which adapter stands behind which port.
namespace cli {

class LambdaPlace;
class Server;
class SharedBucket;
class Workers;

// Who executes thunks elsewhere: one of them, or none.
struct Elsewhere {
  std::unique_ptr<Server> server;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<LambdaPlace> functions;

  [[nodiscard]] bool is_anybody() const { return server || workers || functions; }

  // Of those whose inputs and outputs go through one. Null: they don't.
  [[nodiscard]] SharedBucket* bucket() const;
};

// The local store with its records; behind it, where thunks are executed elsewhere, what is held there.
class Storage {
 public:
  // Throws base::OperatorError that says what is wrong with the directory and what to do.
  Storage(const Settings& settings, storage::Access access, Elsewhere elsewhere);
  ~Storage();

  [[nodiscard]] storage::LocalStore& store() { return *store_; }

  // The same store for whoever reads what has been put there from the user's files.
  [[nodiscard]] object::RefillingStore& refilling() { return refilling_; }

  // And for whoever reads what may be at the server only. Inference does not: it would wait for a round trip
  // with each file that is new here.
  [[nodiscard]] object::FileStore& whole();

  // Null: it is not a server of Remote Execution that executes thunks.
  [[nodiscard]] Server* server() { return elsewhere_.server.get(); }

  // Null: it is not workers.
  [[nodiscard]] Workers* workers() { return elsewhere_.workers.get(); }

  // Null: it is not functions.
  [[nodiscard]] LambdaPlace* functions() { return elsewhere_.functions.get(); }

  [[nodiscard]] bool executes_elsewhere() const { return elsewhere_.is_anybody(); }

  // The records with what others have found out, where they are shared.
  [[nodiscard]] object::Records& memos();

  // Whoever looks something up may wait for a round trip.
  [[nodiscard]] bool waits_for_network() const { return executes_elsewhere() || shared_ != nullptr; }

  // The server that keeps results: the one above, or the one that only shares them. Null: none.
  [[nodiscard]] Server* keeper() { return elsewhere_.server ? server() : sharing_.get(); }

  // The bucket that keeps results, or all. Null: none.
  [[nodiscard]] SharedBucket* bucket();

  // From now on memos() are these. What they need is kept first.
  void share(std::unique_ptr<object::Records> memos) { shared_ = std::move(memos); }

  void keep(std::unique_ptr<Server> keeper);
  void keep(std::unique_ptr<SharedBucket> bucket);

  [[nodiscard]] storage::LocalRecords& records() { return *records_; }

  [[nodiscard]] const base::Clock& clock() const { return clock_; }

 private:
  base::SystemClock clock_;
  Elsewhere elsewhere_;
  std::unique_ptr<storage::LocalStore> store_;
  object::RefillingStore refilling_;
  std::unique_ptr<object::TieredStore> tiered_;
  std::unique_ptr<storage::LocalRecords> records_;
  std::unique_ptr<Server> sharing_;
  std::unique_ptr<SharedBucket> bucket_;
  std::unique_ptr<object::Records> shared_;
};

[[nodiscard]] std::unique_ptr<Storage> open_storage(const Settings& settings,
                                                    storage::Access access = storage::Access::ReadWrite);

// The same with the servers and buckets that the settings name, if they name any. Throws base::OperatorError
// that says what is wrong with its address, or with what answers there.
[[nodiscard]] std::unique_ptr<Storage> open_storage_and_server(const Settings& settings,
                                                               const Environment& environment);

// What those with whom such a storage shares results know of thunks, our own memos left aside. Throws
// base::OperatorError where the settings name nobody. The storage outlives it.
[[nodiscard]] std::unique_ptr<engine::MemoExchange> results_of_others(Storage& storage,
                                                                      const Settings& settings,
                                                                      const Environment& environment);

// What sessions of the store that were killed have left in it goes. Throws base::OperatorError like
// open_storage(), but does not open the records, which take longer.
void remove_what_dead_sessions_left(const Settings& settings);

// Where thunks are executed.
struct Engines {
  std::vector<std::unique_ptr<sched::Engine>> engines;
  std::vector<sched::Coordinator::Place> places;  // of them, in order of preference
};

// To be called, and what it makes used and destroyed, on the loop's thread. `runner` may be null where others
// execute.
[[nodiscard]] Engines make_engines(Storage& storage, const Settings& settings,
                                   std::unique_ptr<exec::Runner> runner, loop::Loop& loop);

// How many things run at once unless the user says otherwise.
[[nodiscard]] unsigned cores();

}  // namespace cli
