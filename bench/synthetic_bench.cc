// What inference costs in a very large build: compiles with headers of their own and many shared ones, each
// command inferred once, as a build does. Prints time and memory of each. Usage: synthetic_bench [COUNT
// [THREADS]] (default 100000, and as many as `gg run` uses here). Sources are written below /tmp a batch at a
// time.
#include "base/errors.hh"
#include "base/program_path.hh"

#include <fmt/core.h>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "models_for_bench.hh"

namespace {

using bench::kPath;
using bench::Milliseconds;

constexpr unsigned kOwnHeaders = 5;
constexpr unsigned kSharedHeaders = 200;
constexpr unsigned kDepth = 3;
constexpr unsigned kBatch = 500;

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

// A guard, an include for each of `names`, and some declarations under a condition.
std::string header(const std::string& name, const std::vector<std::string>& names) {
  std::string text = "#ifndef " + name + "_H\n#define " + name + "_H\n";
  for (const std::string& included : names) {
    text += "#include \"" + included + ".h\"\n";
  }
  text += "#if defined(__GNUC__) && __GNUC__ >= 4\n#define " + name +
          "_ATTRIBUTE __attribute__((unused))\n#else\n#define " + name + "_ATTRIBUTE\n#endif\n";
  for (int i = 0; i < 20; ++i) {
    text += "int " + name + "_function_" + std::to_string(i) + "(int argument); /* of many words */\n";
  }
  return text + "#endif\n";
}

std::string shared_name(unsigned number) {
  return "shared_" + std::to_string(number);
}

// Thirds: each of the first includes three of the second, each of these three of the third.
void write_shared(const std::string& folder) {
  constexpr unsigned kLevel = kSharedHeaders / kDepth;
  for (unsigned number = 0; number < kSharedHeaders; ++number) {
    std::vector<std::string> names;
    for (unsigned i = 0; number + kLevel < kSharedHeaders && number / kLevel + 1 < kDepth && i < 3; ++i) {
      names.push_back(shared_name((number / kLevel + 1) * kLevel + (number * 3 + i) % kLevel));
    }
    write(folder + "/" + shared_name(number) + ".h", header(shared_name(number), names));
  }
}

// All the shared headers are read: those of the first third by the source, the others through them.
model::Invocation write_compile(const std::string& folder, unsigned number) {
  const std::string stem = "unit_" + std::to_string(number);
  std::string source;
  for (unsigned own = 0; own < kOwnHeaders; ++own) {
    const std::string name = stem + "_own_" + std::to_string(own);
    write(folder + "/" + name + ".h", header(name, {}));
    source += "#include \"" + name + ".h\"\n";
  }
  for (unsigned shared = 0; shared < kSharedHeaders; ++shared) {
    source += "#include \"" + shared_name(shared) + ".h\"\n";
  }
  write(folder + "/" + stem + ".c",
        source + "int " + stem + "(void) { return " + std::to_string(number) + "; }\n");
  model::Invocation one;
  one.program = base::find_program("gcc", kPath, "/").value_or("gcc");
  one.argv = {"gcc", "-O2", "-I../shared", "-MD", "-c", stem + ".c", "-o", stem + ".o"};
  one.environment = {{"PATH", kPath}, {"LC_ALL", "C.UTF-8"}};
  one.working_directory = folder;
  return one;
}

// Of the heap, in bytes: what resides in memory also counts what the allocator has not given back.
size_t heap() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

rusage usage() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

// Of this process alone, user's and system's: a busy machine does not count.
Milliseconds processor_time() {
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  const rusage now = usage();
  return of(now.ru_utime) + of(now.ru_stime);
}

size_t peak_kibibytes() {
  return static_cast<size_t>(usage().ru_maxrss);
}

std::vector<model::Inference> infer_all(model::GnuModels& models,
                                        const std::vector<model::Invocation>& compiles, unsigned threads) {
  std::vector<model::Inference> answers(compiles.size(), model::Declined{});
  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (size_t at = next++; at < compiles.size(); at = next++) {
        answers[at] = models.infer(compiles[at]);
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  return answers;
}

void measure(unsigned count, unsigned threads) {
  bench::Place place;
  bench::Server server(place);
  std::filesystem::create_directory(place.space.path() + "/shared");
  write_shared(place.space.path() + "/shared");
  std::vector<double> inferring;
  std::vector<double> computing;
  std::vector<double> keeping;
  size_t heap_before = 0;
  unsigned counted = 0;
  for (unsigned first = 0; first < count; first += kBatch) {
    const std::string folder = place.space.path() + "/batch_" + std::to_string(first / kBatch);
    std::filesystem::create_directory(folder);
    std::vector<model::Invocation> compiles;
    const auto per_compile = [&compiles](Milliseconds all) {
      return all.count() / static_cast<double>(compiles.size());
    };
    for (unsigned number = first; number < std::min(first + kBatch, count); ++number) {
      compiles.push_back(write_compile(folder, number));
    }
    const Milliseconds computed = processor_time();
    const auto start = std::chrono::steady_clock::now();
    const std::vector<model::Inference> answers = infer_all(server.models, compiles, threads);
    const auto inferred = std::chrono::steady_clock::now();
    computing.push_back(per_compile(processor_time() - computed));
    for (const model::Inference& answer : answers) {
      const auto* thunk = std::get_if<model::Inferred>(&answer);
      if (thunk == nullptr || !server.models.keep(*thunk).value_or(false)) {
        throw base::OperatorError("a compile did not become a thunk");
      }
    }
    inferring.push_back(per_compile(inferred - start));
    keeping.push_back(per_compile(std::chrono::steady_clock::now() - inferred));
    std::filesystem::remove_all(folder);
    if (first + kBatch >= count / 10 && counted == 0) {  // what is shared is there by now
      heap_before = heap();
      counted = first + kBatch;
    }
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  fmt::print("{} compiles, {} own headers each, {} shared\n", count, kOwnHeaders, kSharedHeaders);
  fmt::print("{:<32} {:8.3f} ms each (median of batches of {})\n",
             fmt::format("inference, by {} threads", threads), median(inferring), kBatch);
  fmt::print("{:<32} {:8.3f} ms each\n", "processor time of that", median(computing));
  fmt::print("{:<32} {:8.3f} ms each\n", "its inputs into the store", median(keeping));
  if (count > counted) {
    fmt::print("{:<32} {:8.0f} bytes each (from compile {} on)\n", "heap",
               (static_cast<double>(heap()) - static_cast<double>(heap_before)) / (count - counted), counted);
  }
  fmt::print("{:<32} {:8} KiB, {:.0f} bytes each\n", "resident, the most", peak_kibibytes(),
             1024.0 * static_cast<double>(peak_kibibytes()) / count);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int at, unsigned otherwise) {
      return argc > at ? static_cast<unsigned>(std::max(1, std::atoi(argv[at]))) : otherwise;
    };
    measure(number(1, 100'000), number(2, std::max(2U, std::thread::hardware_concurrency())));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "synthetic_bench: {}\n", error.what());
    return 1;
  }
}
