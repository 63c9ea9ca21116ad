// The local store: what an object and a record cost. Run on the file system that will hold the store
// (TMPDIR chooses it).
#include "base/clock.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "object/hash.hh"
#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <benchmark/benchmark.h>

#include <unistd.h>

#include <cstdlib>

namespace {

using object::Digest;
using Placing = object::FileStore::Placing;

std::string temporary_parent() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr ? chosen : "/tmp";
}

template <class T>
T need(base::Result<T> result) {
  if (!result) {
    throw base::OperatorError(result.error().message);
  }
  return std::move(*result);
}

struct World {
  base::TemporaryDirectory folder{temporary_parent()};
  base::SystemClock clock;
  std::unique_ptr<storage::LocalStore> store = need(storage::LocalStore::open(path(), clock, {}));
  std::unique_ptr<storage::LocalRecords> records = need(storage::LocalRecords::open(path(), clock, {}));

  [[nodiscard]] std::string path() const { return folder.path() + "/store"; }
};

std::string bytes_of(uint64_t number, int64_t size) {
  std::string bytes(static_cast<size_t>(size), 'x');
  bytes.replace(0, sizeof number, reinterpret_cast<const char*>(&number), sizeof number);
  return bytes;
}

void put_new(benchmark::State& state) {
  World world;
  uint64_t number = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(need(world.store->put(bytes_of(number++, state.range(0)))));
  }
}

void put_held(benchmark::State& state) {
  World world;
  const std::string bytes = bytes_of(1, state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(need(world.store->put(bytes)));
  }
}

std::vector<Digest> thousand_objects(World& world, int64_t size) {
  std::vector<Digest> names;
  for (uint64_t number = 0; number < 1000; ++number) {
    names.push_back(need(world.store->put(bytes_of(number, size))));
  }
  return names;
}

void get(benchmark::State& state) {
  World world;
  const std::vector<Digest> names = thousand_objects(world, state.range(0));
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(need(world.store->get(names[next++ % names.size()])));
  }
}

void missing(benchmark::State& state) {
  World world;
  const std::vector<Digest> names = thousand_objects(world, 100);
  for (auto _ : state) {
    benchmark::DoNotOptimize(need(world.store->missing(names)));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(names.size()));
}

void place(benchmark::State& state, Placing placing) {
  World world;
  const std::vector<Digest> names = thousand_objects(world, state.range(0));
  uint64_t next = 0;
  for (auto _ : state) {
    const std::string path = world.folder.path() + "/" + std::to_string(next);
    benchmark::DoNotOptimize(need(world.store->place(names[next % names.size()], false, path, placing)));
    ++next;
  }
}

void place_copy(benchmark::State& state) {
  place(state, Placing::Copy);
}

void place_hard_link(benchmark::State& state) {
  place(state, Placing::HardLink);
}

void record(benchmark::State& state) {
  World world;
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  uint64_t number = 0;
  for (auto _ : state) {
    const auto recorded = world.records->record("memo", object::hash(bytes_of(number++, 8)), value);
    benchmark::DoNotOptimize(recorded);
  }
}

void find(benchmark::State& state) {
  World world;
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  for (uint64_t number = 0; number < 1000; ++number) {
    (void)world.records->record("memo", object::hash(bytes_of(number, 8)), value);
  }
  uint64_t number = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(need(world.records->find("memo", object::hash(bytes_of(number++ % 1000, 8)))));
  }
}

void open_and_close(benchmark::State& state) {
  const World world;
  for (auto _ : state) {
    const auto store = need(storage::LocalStore::open(world.path(), world.clock, {}));
    const auto records = need(storage::LocalRecords::open(world.path(), world.clock, {}));
    benchmark::DoNotOptimize(store.get());
    benchmark::DoNotOptimize(records.get());
  }
}

BENCHMARK(put_new)->Arg(100)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(put_held)->Arg(100)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(get)->Arg(100)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(missing)->Unit(benchmark::kMicrosecond);
BENCHMARK(place_copy)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(place_hard_link)->Arg(4096)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(record)->Arg(300)->Arg(20'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(find)->Arg(300)->Arg(20'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_close)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
