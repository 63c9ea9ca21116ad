#include "ir/reduce.hh"
#include "object/hash.hh"
#include "object/tree.hh"

#include <benchmark/benchmark.h>

#include <string>
#include <unordered_map>
#include <vector>

// What a compile's thunk costs beside its include scan: the tree of its inputs is encoded and hashed anew for
// each command, and substituted once more when it waits for promises.
namespace {

using object::Directory;
using object::File;
using object::Promise;
using object::Subdirectory;

constexpr int kDirectories = 40;
constexpr int kFiles = 300;

// 39 directories side by side in one root, names as long as real ones.
std::vector<Directory> directories(bool with_promises) {
  std::vector<Directory> made(kDirectories);
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = "header_number_" + std::to_string(i) + ".h";
    object::Entry entry = File{object::hash(name), false};
    if (with_promises && i % 10 == 0) {
      entry = Promise{object::hash(name), name};
    }
    made[static_cast<size_t>(i % kDirectories)].entries.emplace(name, entry);
  }
  return made;
}

std::unordered_map<object::Digest, std::string>& objects() {
  static std::unordered_map<object::Digest, std::string> held;
  return held;
}

object::Digest put(const Directory& directory) {
  std::string bytes = object::encode(directory);
  const object::Digest digest = object::hash(bytes);
  objects().insert_or_assign(digest, std::move(bytes));
  return digest;
}

void encode_and_hash(benchmark::State& state) {
  std::vector<Directory> tree = directories(false);
  while (state.KeepRunning()) {
    for (int i = 1; i < kDirectories; ++i) {
      const object::Digest digest = object::hash(object::encode(tree[static_cast<size_t>(i)]));
      tree[0].entries.insert_or_assign("directory_" + std::to_string(i), Subdirectory{digest, false});
    }
    benchmark::DoNotOptimize(object::hash(object::encode(tree[0])));
  }
}

void encode_only(benchmark::State& state) {
  const std::vector<Directory> tree = directories(false);
  while (state.KeepRunning()) {
    for (const Directory& directory : tree) {
      benchmark::DoNotOptimize(object::encode(directory));
    }
  }
}

void decode_tree(benchmark::State& state) {
  std::vector<std::string> encoded;
  for (const Directory& directory : directories(false)) {
    encoded.push_back(object::encode(directory));
  }
  while (state.KeepRunning()) {
    for (const std::string& bytes : encoded) {
      benchmark::DoNotOptimize(object::decode_directory(bytes));
    }
  }
}

void substitute(benchmark::State& state) {
  std::vector<Directory> tree = directories(true);
  for (int i = 1; i < kDirectories; ++i) {
    const auto index = static_cast<size_t>(i);
    const object::Digest digest = put(tree[index]);
    tree[0].entries.insert_or_assign("directory_" + std::to_string(i),
                                     Subdirectory{digest, tree[index].owes()});
  }
  const object::Digest root = put(tree[0]);
  const ir::ReadDirectory read = [](const object::Digest& digest) {
    return object::decode_directory(objects().at(digest));
  };
  const ir::WriteDirectory write = [](const Directory& directory) -> base::Result<object::Digest> {
    return put(directory);
  };
  const ir::Concrete concrete = [](const Promise& promise) -> std::optional<object::Entry> {
    return File{promise.thunk, false};
  };
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(ir::substitute(root, read, write, concrete).value());
  }
}

BENCHMARK(encode_and_hash)->Unit(benchmark::kMicrosecond);
BENCHMARK(encode_only)->Unit(benchmark::kMicrosecond);
BENCHMARK(decode_tree)->Unit(benchmark::kMicrosecond);
BENCHMARK(substitute)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
