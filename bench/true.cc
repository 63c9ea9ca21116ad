// What a thunk costs: N thunks that run `true`, against plain fork and exec of the same file, in one run;
// then N thunks whose trees are those of compiles (a toolchain, 200 headers, of which a few differ from one
// to the next). Once in containers alone, once the whole way: memo looked up, reducer, engine, container,
// outputs stored, memo written. One at a time. Usage: bench_true [N] [store directory]
#include "base/clock.hh"
#include "base/files.hh"
#include "cli/execution.hh"
#include "exec/executor.hh"
#include "exec/tree_builder.hh"
#include "storage/local/store.hh"

#include <fmt/core.h>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <random>

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

struct Cost {
  Microseconds wall{0};
  Microseconds cpu{0};
};

Microseconds cpu_of(int who) {
  rusage usage{};
  ::getrusage(static_cast<__rusage_who>(who), &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

Microseconds cpu_so_far() {
  return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

// `work` ends all processes that it starts, so that their time is counted.
Cost cost_of_each(unsigned times, const std::function<void()>& work) {
  const auto wall = std::chrono::steady_clock::now();
  const Microseconds cpu = cpu_so_far();
  work();
  return {Microseconds(std::chrono::steady_clock::now() - wall) / times, (cpu_so_far() - cpu) / times};
}

void fork_and_exec(const std::string& program) {
  std::string name = program;
  std::array<char*, 2> argv{name.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = -1;
  int status = 0;
  if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environment.data()) != 0 ||
      ::waitpid(pid, &status, 0) != pid || status != 0) {
    throw std::runtime_error("cannot run " + program);
  }
}

object::Digest put_thunk(object::Store& store, const object::Digest& root, unsigned number) {
  ir::Command command;
  command.arguments = {"/bin/true", std::to_string(number)};
  command.working_directory = "home/u/project/src";
  command.output_paths = {std::to_string(number) + ".o"};
  const ir::Thunk thunk{store.put(ir::encode(command)).value(), root, {}};
  return store.put(ir::encode(thunk)).value();
}

void run_all(object::FileStore& store, const std::string& layouts,
             const std::vector<object::Digest>& thunks) {
  auto executor = exec::Executor::open(store, layouts);
  if (!executor) {
    throw std::runtime_error(executor.error().message);
  }
  for (const object::Digest& thunk : thunks) {
    const auto result = (*executor)->run(thunk, sandbox::Limits{}, sandbox::StopSignal());
    if (!result || result->exit_code != 0) {
      throw std::runtime_error(result ? "a thunk failed" : result.error().error.message);
    }
  }
}

// As `gg force` does it.
void force_all(const std::string& store, const std::vector<object::Digest>& thunks) {
  cli::Settings settings;
  settings.store = store;
  settings.jobs = 1;
  const auto storage = cli::open_storage(settings);
  std::promise<void> over;
  std::atomic<size_t> left{thunks.size()};
  std::atomic<size_t> failed{0};
  cli::Execution execution(*storage, settings, nullptr, sched::OnFailure::KeepGoing);
  for (const object::Digest& thunk : thunks) {
    execution.submit(thunk, "true", [&](const base::Result<ir::Result>& result) {
      failed += result && result->exit_code == 0 ? 0 : 1;
      if (--left == 0) {
        over.set_value();
      }
    });
  }
  over.get_future().wait();
  if (failed != 0) {
    throw std::runtime_error("a thunk failed");
  }
}

// A toolchain of 100 files, 120 headers that everybody includes, 80 of 160 more, and one source.
object::Digest compile_tree(object::Store& store, const std::string& program, std::mt19937& random,
                            unsigned number) {
  exec::TreeBuilder tree(store);
  tree.file("bin/true", program, true);
  const auto header = [](unsigned i) {
    return "/* header " + std::to_string(i) + " */" + std::string(4000, ' ');
  };
  for (unsigned i = 0; i < 100; ++i) {
    tree.file(fmt::format("usr/lib/gcc/{}/part{}", i / 10, i), fmt::format("part {}", i), true);
  }
  for (unsigned i = 0; i < 120; ++i) {
    tree.file(fmt::format("usr/include/d{}/h{}.h", i / 8, i), header(i));
  }
  for (unsigned i = 0; i < 80; ++i) {
    const unsigned which = 2 * i + (random() % 8 == 0 ? 1 : 0);
    tree.file(fmt::format("home/u/project/d{}/p{}.h", which / 16, which), header(1000 + which));
  }
  tree.file(fmt::format("home/u/project/src/{}.c", number), fmt::format("int f{};", number));
  return tree.root();
}

int measure(unsigned times, const std::string& directory) {
  const base::TemporaryDirectory space(directory, "gg-bench-");
  const base::SystemClock clock;
  const auto store = storage::LocalStore::open(space.path() + "/store", clock, nullptr);
  if (!store) {
    throw std::runtime_error(store.error().message);
  }
  const std::string program = base::read_file(BENCH_GUEST);  // does nothing with a number as its verb
  const std::string here = space.path() + "/true";
  base::write_file_atomically(here, program, 0755);

  std::vector<object::Digest> same;
  std::vector<object::Digest> compiles;
  std::mt19937 random(1);
  exec::TreeBuilder small(**store);
  small.file("bin/true", program, true);
  const object::Digest root = small.root();
  for (unsigned i = 0; i < times; ++i) {
    same.push_back(put_thunk(**store, root, i));
    compiles.push_back(put_thunk(**store, compile_tree(**store, program, random, i), i));
  }
  const auto plain_work = [&] {
    for (unsigned i = 0; i < times; ++i) {
      fork_and_exec(here);
    }
  };
  const Cost plain = cost_of_each(times, plain_work);
  const std::string layouts = space.path() + "/layouts";
  const std::string shared = space.path() + "/store";
  const Cost thunk = cost_of_each(times, [&] { run_all(**store, layouts, same); });
  const Cost compile = cost_of_each(times, [&] { run_all(**store, layouts, compiles); });
  const Cost whole_thunk = cost_of_each(times, [&] { force_all(shared, same); });
  const Cost whole_compile = cost_of_each(times, [&] { force_all(shared, compiles); });
  const auto print = [&plain](const char* name, const Cost& cost) {
    fmt::print(
        "{:<32} {:8.0f} us wall {:8.0f} us cpu   {:5.2f} times plain, {:6.0f} us wall and {:6.0f} us cpu "
        "over it\n",
        name, cost.wall.count(), cost.cpu.count(), cost.wall / plain.wall, (cost.wall - plain.wall).count(),
        (cost.cpu - plain.cpu).count());
  };
  fmt::print("{} each, one after another\n", times);
  print("plain fork and exec", plain);
  print("container: true", thunk);
  print("container: tree of 300 files", compile);
  print("the whole way: true", whole_thunk);
  print("the whole way: tree of 300 files", whole_compile);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1000, argc > 2 ? argv[2] : "/tmp");
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_true: {}\n", error.what());
    return 1;
  }
}
