#include "cli/wire_up.hh"

#include "base/errors.hh"
#include "cli/bucket.hh"
#include "cli/lambda.hh"
#include "cli/say.hh"
#include "cli/server.hh"
#include "cli/workers.hh"
#include "engine/http/http_engine.hh"
#include "engine/lambda/lambda_engine.hh"
#include "engine/local/local_engine.hh"
#include "engine/memos/shared_memos.hh"
#include "engine/reapi/action_memos.hh"
#include "engine/reapi/reapi_engine.hh"
#include "engine/reapi/root_probe.hh"
#include "storage/s3/bucket.hh"

#include <algorithm>
#include <thread>

namespace cli {

namespace {

// A server queues what it has no room for; more than this only costs threads here.
constexpr unsigned kSlotsAtServer = 64;
constexpr unsigned kSlotsAtLambda = 1000;  // what an account has unless it asks for more
constexpr unsigned kMostSlots = 1024;      // at workers: each is a thread here

engine::ReapiEngine::Surroundings around(Server& server, Storage& storage) {
  return {server.service(), server.store(), storage.store(), storage.whole(), storage.clock()};
}

// What the settings leave at the server comes down when somebody reads it.
engine::ReapiEngine::Download download_of(const Settings& settings) {
  return settings.download == "all" ? engine::ReapiEngine::Download::Outputs
                                    : engine::ReapiEngine::Download::Nothing;
}

std::unique_ptr<engine::MemoExchange> memos_at(Server& server, Storage& storage, const Settings& settings) {
  engine::ActionMemos::Options options;
  options.instance = settings.instance;
  options.lowering = {platform_of(settings), server.root};
  // The local engine's own results are here, and so are to be those that it shares.
  options.download =
      storage.server() == nullptr ? engine::ReapiEngine::Download::Outputs : download_of(settings);
  return std::make_unique<engine::ActionMemos>(around(server, storage), options);
}

std::unique_ptr<object::Records> shared(Storage& storage, std::unique_ptr<engine::MemoExchange> exchange,
                                        engine::SharedMemos::Use use) {
  engine::SharedMemos::Options options;
  options.use = use;
  return std::make_unique<engine::SharedMemos>(storage.records(), std::move(exchange), options, say);
}

engine::ReapiEngine::Options server_options(const Settings& settings) {
  engine::ReapiEngine::Options options;
  options.instance = settings.instance;
  options.lowering.platform = platform_of(settings);
  options.download = download_of(settings);
  options.slots = settings.jobs != 0 ? settings.jobs : kSlotsAtServer;
  return options;
}

engine::Errands::Options errand_options(const Settings& settings) {
  return {settings.download == "all" ? engine::Download::Outputs : engine::Download::Nothing,
          settings.cache != "off"};
}

engine::HttpEngine::Options worker_options(const Settings& settings, Workers& workers) {
  engine::HttpEngine::Options options;
  options.slots = std::min(workers.fleet().jobs(), kMostSlots);
  options.errands = errand_options(settings);
  return options;
}

// Where outputs are to be that come with a hit.
object::Store& results_go_to(Storage& storage, const Settings& settings) {
  return !storage.executes_elsewhere() || settings.download == "all"
             ? static_cast<object::Store&>(storage.store())
             : storage.whole();
}

Elsewhere elsewhere_of(const Settings& all, const Environment& environment) {
  Settings settings = all;
  settings.engine = engine_elsewhere(all.engine);
  Elsewhere elsewhere;
  if (is_lambda_address(settings.engine)) {
    elsewhere.functions = functions_of(settings, environment);
  } else if (are_worker_addresses(settings.engine)) {
    elsewhere.workers = workers_of(settings, environment);
  } else if (!settings.engine.empty()) {
    elsewhere.server = server_of(settings, environment);
  }
  return elsewhere;
}

engine::WorkerStores stores_around(SharedBucket& bucket, Storage& storage) {
  return {bucket.store(), bucket.store(), storage.store(), storage.whole()};
}

engine::LambdaEngine::Options function_options(const Settings& settings, const LambdaPlace& place) {
  engine::LambdaEngine::Options options;
  options.slots = settings.jobs != 0 ? settings.jobs : kSlotsAtLambda;
  options.errands = errand_options(settings);
  options.service = place.service();
  options.functions = place.functions();
  options.http = place.http_options();
  options.http.stall = std::chrono::seconds(0);  // a function says nothing until it has ended
  return options;
}

}  // namespace

SharedBucket* Elsewhere::bucket() const {
  return workers ? &workers->bucket() : functions ? &functions->bucket() : nullptr;
}

Storage::Storage(const Settings& settings, storage::Access access, Elsewhere elsewhere)
    : elsewhere_(std::move(elsewhere)),
      store_(base::value_or_throw(storage::LocalStore::open(settings.store, clock_, say, access))),
      refilling_(*store_),
      records_(base::value_or_throw(storage::LocalRecords::open(settings.store, clock_, say, access))) {
  if (elsewhere_.server) {
    tiered_ = std::make_unique<object::TieredStore>(refilling_, elsewhere_.server->store());
  } else if (SharedBucket* bucket = elsewhere_.bucket()) {
    tiered_ = std::make_unique<object::TieredStore>(refilling_, bucket->store());
  }
}

Storage::~Storage() = default;

object::FileStore& Storage::whole() {
  return tiered_ ? static_cast<object::FileStore&>(*tiered_) : refilling_;
}

object::Records& Storage::memos() {
  return shared_ ? *shared_ : *records_;
}

SharedBucket* Storage::bucket() {
  SharedBucket* theirs = elsewhere_.bucket();
  return theirs != nullptr ? theirs : bucket_.get();
}

void Storage::keep(std::unique_ptr<Server> keeper) {
  sharing_ = std::move(keeper);
}

void Storage::keep(std::unique_ptr<SharedBucket> bucket) {
  bucket_ = std::move(bucket);
}

std::unique_ptr<Storage> open_storage(const Settings& settings, storage::Access access) {
  return std::make_unique<Storage>(settings, access, Elsewhere{});
}

void remove_what_dead_sessions_left(const Settings& settings) {
  const base::SystemClock clock;
  const auto store =
      base::value_or_throw(storage::LocalStore::open(settings.store, clock, say, storage::Access::ReadWrite));
  (void)base::value_or_throw(store->remove_what_dead_sessions_left());
}

std::unique_ptr<Storage> open_storage_and_server(const Settings& settings, const Environment& environment) {
  using Use = engine::SharedMemos::Use;
  auto storage =
      std::make_unique<Storage>(settings, storage::Access::ReadWrite, elsewhere_of(settings, environment));
  if (Server* server = storage->server()) {
    server->root =
        base::value_or_throw(engine::find_root(around(*server, *storage), server_options(settings)));
    // It remembers by itself what it has executed.
    storage->share(shared(*storage, memos_at(*server, *storage, settings), Use::Read));
    return storage;
  }
  if (settings.shared_store.empty() || settings.cache == "off") {
    return storage;
  }
  const Use use = settings.cache == "read" ? Use::Read : Use::ReadAndWrite;
  if (storage::is_bucket_address(settings.shared_store)) {
    if (storage->bucket() == nullptr) {
      storage->keep(open_bucket(settings, environment));
    }
    storage->share(shared(*storage, memos_in(*storage->bucket(), results_go_to(*storage, settings)), use));
  } else {
    storage->keep(shared_server_of(settings, environment));
    storage->share(shared(*storage, memos_at(*storage->keeper(), *storage, settings), use));
  }
  return storage;
}

std::unique_ptr<engine::MemoExchange> results_of_others(Storage& storage, const Settings& settings,
                                                        const Environment& environment) {
  if (storage::is_bucket_address(settings.shared_store)) {
    if (storage.bucket() == nullptr) {
      storage.keep(open_bucket(settings, environment));
    }
    return memos_in(*storage.bucket(), storage.store());
  }
  if (Server* server = storage.keeper()) {
    return memos_at(*server, storage, settings);
  }
  throw base::OperatorError(
      "there is nobody whose results could be verified: --store ADDRESS or --engine ADDRESS names a server "
      "or bucket");
}

Engines make_engines(Storage& storage, const Settings& settings, std::unique_ptr<exec::Runner> runner,
                     loop::Loop& loop) {
  Engines made;
  const auto post = [&loop](std::function<void()> callback) { loop.post(std::move(callback)); };
  const auto add = [&made](std::unique_ptr<sched::Engine> engine, sched::Reducer::FailureIs failure) {
    made.places.push_back({engine.get(), failure});
    made.engines.push_back(std::move(engine));
  };
  if (storage.server() != nullptr) {
    engine::ReapiEngine::Options options = server_options(settings);
    options.lowering.root = storage.server()->root;
    options.priorities = storage.server()->priorities;
    add(std::make_unique<engine::ReapiEngine>(around(*storage.server(), storage), options, post),
        sched::Reducer::FailureIs::Repeated);
  }
  if (Workers* workers = storage.workers()) {
    add(std::make_unique<engine::HttpEngine>(workers->fleet(), stores_around(workers->bucket(), storage),
                                             worker_options(settings, *workers), post),
        sched::Reducer::FailureIs::Repeated);
  }
  if (LambdaPlace* place = storage.functions()) {
    engine::LambdaEngine::Options options = function_options(settings, *place);
    make_room_for_connections(options.slots);
    add(std::make_unique<engine::LambdaEngine>(loop, storage.clock(), place->credentials(),
                                               stores_around(place->bucket(), storage), std::move(options),
                                               say),
        sched::Reducer::FailureIs::Repeated);
  }
  const bool shares = local_engine_shares(settings.engine);
  const bool is_only = !storage.executes_elsewhere();
  if (runner && (is_only || shares || settings.fallback == "always")) {
    engine::LocalEngine::Options options;
    options.slots = is_only && settings.jobs != 0 ? settings.jobs : cores();
    options.last_resort = !is_only && !shares;
    add(std::make_unique<engine::LocalEngine>(std::move(runner), options, post),
        sched::Reducer::FailureIs::Final);
  }
  return made;
}

unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace cli
