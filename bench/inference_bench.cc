// What inference costs: the compiles of a project, asked again and again of one warm set of models, next to a
// `gcc -M` for each. Usage: inference_bench [--rounds N] [--threads N] COMMANDS
// COMMANDS: a compile_commands.json, or what `make -nw` printed.
#include "base/errors.hh"
#include "base/files.hh"
#include "base/program_path.hh"
#include "base/subprocess.hh"
#include "model/gcc_command.hh"
#include "model/tool_names.hh"

#include <fmt/core.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "models_for_bench.hh"

namespace {

using bench::kPath;
using bench::Milliseconds;

struct Options {
  unsigned rounds = 5;
  unsigned threads = 1;
  std::string commands;
};

std::vector<model::Invocation> from_database(const std::string& text) {
  std::vector<model::Invocation> all;
  for (const auto& entry : nlohmann::json::parse(text)) {
    model::Invocation one;
    one.working_directory = entry.at("directory").get<std::string>();
    one.argv = entry.contains("arguments")
                   ? entry.at("arguments").get<std::vector<std::string>>()
                   : model::split_response_file(entry.at("command").get<std::string>());
    all.push_back(std::move(one));
  }
  return all;
}

// `make -nw` says which directory it enters and leaves.
std::vector<model::Invocation> from_make(const std::string& text) {
  std::vector<model::Invocation> all;
  std::vector<std::string> directories{std::filesystem::current_path().string()};
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t entering = line.find(": Entering directory '");
    if (entering != std::string::npos) {
      const size_t quote = line.find('\'', entering);
      directories.push_back(line.substr(quote + 1, line.rfind('\'') - quote - 1));
    } else if (line.find(": Leaving directory '") != std::string::npos && directories.size() > 1) {
      directories.pop_back();
    } else {
      model::Invocation one;
      one.working_directory = directories.back();
      one.argv = model::split_response_file(line);
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::vector<model::Invocation> compiles_in(const std::string& path) {
  const std::string text = base::read_file(path);
  std::vector<model::Invocation> compiles;
  for (model::Invocation& one : text.starts_with('[') ? from_database(text) : from_make(text)) {
    if (std::find(one.argv.begin(), one.argv.end(), "-c") == one.argv.end()) {
      continue;
    }
    one.program = one.argv[0].starts_with('/')
                      ? one.argv[0]
                      : base::find_program(one.argv[0], kPath, one.working_directory).value_or("");
    one.environment = {{"PATH", kPath}, {"LC_ALL", "C.UTF-8"}};
    one.working_directory = std::filesystem::canonical(one.working_directory).string();
    if (model::tool_at(one.program)) {
      compiles.push_back(std::move(one));
    }
  }
  return compiles;
}

// Calls `work` with each index below `count` from so many threads.
template <class F>
void in_parallel(unsigned threads, size_t count, const F& work) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (size_t at = next++; at < count; at = next++) {
        work(at);
      }
    });
  }
  for (std::thread& thread : running) {
    thread.join();
  }
}

struct Cost {
  Milliseconds wall{0};
  Milliseconds cpu{0};  // of this process and its children
};

Milliseconds cpu_of(int who) {
  rusage usage{};
  ::getrusage(static_cast<__rusage_who>(who), &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

template <class F>
Cost cost_of(const F& work) {
  const auto start = std::chrono::steady_clock::now();
  const Milliseconds cpu = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
  work();
  return {std::chrono::steady_clock::now() - start, cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN) - cpu};
}

void print(const std::string& what, const Cost& cost, size_t count) {
  const auto each = static_cast<double>(count);
  fmt::print("{:<24} {:9.3f} ms wall {:9.3f} ms CPU each {:9.0f} a second\n", what, cost.wall.count() / each,
             cost.cpu.count() / each, 1000 * each / cost.wall.count());
}

// `gcc -M` in place of `-c`, as a build system without a scanner would ask. Writes nothing.
void ask_compiler(const model::Invocation& one) {
  base::Subprocess asked;
  asked.program = one.program;
  asked.environment = {"LC_ALL=C", std::string("PATH=") + kPath};
  asked.working_directory = one.working_directory;
  for (size_t i = 0; i < one.argv.size(); ++i) {
    const std::string& word = one.argv[i];
    if (word == "-c") {
      asked.argv.emplace_back("-M");
    } else if (word == "-o" || word == "-MF" || word == "-MT" || word == "-MQ") {
      ++i;
    } else if (!word.starts_with("-M") && !word.starts_with("-Wp,-M")) {
      asked.argv.push_back(word);
    }
  }
  (void)base::run(asked);
}

std::map<std::string, unsigned> outcomes(model::GnuModels& models,
                                         const std::vector<model::Invocation>& compiles) {
  std::map<std::string, unsigned> counts;
  for (const model::Invocation& one : compiles) {
    const auto answer = models.infer(one);
    const auto* declined = std::get_if<model::Declined>(&answer);
    ++counts[declined != nullptr ? "declined: " + declined->reason + " " + declined->detail
             : std::holds_alternative<model::Inferred>(answer) ? "thunks"
                                                               : "owed"];
  }
  return counts;
}

void measure(const Options& options) {
  const std::vector<model::Invocation> compiles = compiles_in(options.commands);
  if (compiles.empty()) {
    throw base::OperatorError("'" + options.commands + "' holds no compile command");
  }
  bench::Place place;
  fmt::print("{} compiles, {} thread(s)\n", compiles.size(), options.threads);
  const auto infer_all = [&](model::GnuModels& models, bool keep = false) {
    in_parallel(options.threads, compiles.size(), [&](size_t at) {
      const auto answer = models.infer(compiles[at]);
      if (const auto* inferred = std::get_if<model::Inferred>(&answer); keep && inferred != nullptr) {
        (void)models.keep(*inferred);
      }
    });
  };
  {
    bench::Server server(place);
    model::GnuModels& models = server.models;
    print("first, nothing cached", cost_of([&] { (void)models.infer(compiles[0]); }), 1);
    print("all, a cold server", cost_of([&] { infer_all(models, true); }), compiles.size());
  }
  bench::Server server(place);
  model::GnuModels& models = server.models;
  print("first, another server", cost_of([&] { (void)models.infer(compiles[0]); }), 1);
  print("all, another server", cost_of([&] { infer_all(models); }), compiles.size());
  const auto scanning = [&] { return models.statistics().dependencies.scanning; };
  std::vector<Cost> costs;
  std::vector<Milliseconds> scans;
  for (unsigned round = 0; round < options.rounds; ++round) {
    const base::Nanoseconds before = scanning();
    costs.push_back(cost_of([&] { infer_all(models); }));
    scans.emplace_back(scanning() - before);
  }
  std::sort(scans.begin(), scans.end());
  std::sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.cpu < b.cpu; });
  const Cost warm = costs[costs.size() / 2];
  print("all, warm (median)", warm, compiles.size());
  const Milliseconds scan = scans[scans.size() / 2];
  fmt::print("{:<24} {:9.3f} ms wall each\n", "of that, the scan",
             scan.count() / static_cast<double>(compiles.size()));
  const Cost asked = cost_of(
      [&] { in_parallel(options.threads, compiles.size(), [&](size_t at) { ask_compiler(compiles[at]); }); });
  print("gcc -M for each", asked, compiles.size());
  fmt::print("scan / gcc -M: {:.4f} wall\n", scan / asked.wall / options.threads);
  fmt::print("warm / gcc -M: {:.4f} wall, {:.4f} CPU\n", warm.wall / asked.wall, warm.cpu / asked.cpu);
  for (const auto& count : outcomes(models, compiles)) {
    fmt::print("{:6} {}\n", count.second, count.first);
  }
  for (const auto& reason : models.statistics().dependencies.asked) {
    fmt::print("{:6} times the compiler was asked: {} ({})\n", reason.second.times, reason.first,
               reason.second.example);
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_next = i + 1 < argc;
    if (word == "--rounds" && has_next) {
      options.rounds = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
    } else if (word == "--threads" && has_next) {
      options.threads = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
    } else {
      options.commands = word;
    }
  }
  if (options.commands.empty()) {
    throw base::OperatorError("usage: inference_bench [--rounds N] [--threads N] COMMANDS");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    measure(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "inference_bench: {}\n", error.what());
    return 1;
  }
}
