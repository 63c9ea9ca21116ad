#include "sandbox/sandbox.hh"

#include "base/files.hh"
#include "sandbox/probe.hh"
#include "sandbox/testing_guest.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <map>

namespace {

using sandbox::End;
using sandbox::Ended;
using sandbox::guest_path;
using sandbox::Job;
using sandbox::mapped_file;
using sandbox::Sandbox;
using sandbox::StopSignal;

// A root that holds one program, and the loader and libc if it wants them.
std::string make_layer(const std::string& directory, const std::string& linkage) {
  namespace fs = std::filesystem;
  fs::create_directories(directory + "/bin");
  fs::copy_file(guest_path(linkage), directory + "/bin/guest");
  if (linkage == "dynamic") {
    const std::string libc = mapped_file("libc.so.6");
    fs::create_directories(directory + "/lib64");
    fs::create_directories(directory + fs::path(libc).parent_path().string());
    fs::copy_file(mapped_file("ld-linux"), directory + "/lib64/ld-linux-x86-64.so.2");
    fs::copy_file(libc, directory + libc);
  }
  return directory;
}

class Container : public ::testing::TestWithParam<std::string> {
 protected:
  Container() {
    make_layer(layer_, GetParam());
    auto opened = Sandbox::open({{space_.path()}});
    EXPECT_TRUE(opened) << opened.error().message;
    sandbox_ = std::move(opened.value());
  }

  Job job(const std::vector<std::string>& words) {
    Job job;
    job.argv = {"/bin/guest"};
    job.argv.insert(job.argv.end(), words.begin(), words.end());
    job.layers = {layer_};
    job.limits.time = std::chrono::seconds(20);
    job.limits.disk_bytes = 64U << 20U;
    return job;
  }

  Ended run(const Job& job) {
    auto ended = sandbox_->run(job, StopSignal());
    EXPECT_TRUE(ended) << ended.error().message;
    return ended ? std::move(*ended) : Ended{};
  }

  Ended guest(const std::vector<std::string>& words) { return run(job(words)); }

  base::TemporaryDirectory space_;
  std::string layer_ = space_.path() + "/layer";
  std::unique_ptr<Sandbox> sandbox_;
};

INSTANTIATE_TEST_SUITE_P(Linkage, Container, ::testing::Values("static", "dynamic"),
                         [](const auto& linkage) { return linkage.param; });

TEST_P(Container, runs_the_command_and_brings_its_streams_and_exit_code) {
  const Ended both = guest({"both", "to out", "to err"});
  EXPECT_EQ(both.standard_output, "to out");
  EXPECT_EQ(both.standard_error, "to err");
  EXPECT_EQ(both.exit_code, 0);
  EXPECT_EQ(guest({"exit", "7"}).exit_code, 7);
  EXPECT_EQ(guest({"raise", "6"}).exit_code, 128 + 6);
  EXPECT_EQ(guest({"raise", "15"}).exit_code, 128 + 15);
}

TEST_P(Container, a_command_that_asks_to_be_traced_goes_on_untraced) {
  const Ended ended = guest({"traced"});
  EXPECT_EQ(ended.end, End::Exited) << ended.note;
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.standard_output, "went on");
}

TEST_P(Container, holds_the_given_files_and_nothing_else) {
  const std::string expected = GetParam() == "static" ? "bin\ndev\nproc\ntmp\n" : "";
  const std::string root = guest({"list", "/"}).standard_output;
  if (!expected.empty()) {
    EXPECT_EQ(root, expected);
  }
  EXPECT_EQ(root.find("home"), std::string::npos);
  EXPECT_EQ(root.find("etc"), std::string::npos);
  EXPECT_EQ(guest({"list", "/tmp"}).standard_output, "");
  EXPECT_EQ(guest({"list", "/dev"}).standard_output,
            "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n");
  const Ended undeclared = guest({"cat", "/etc/passwd"});
  EXPECT_EQ(undeclared.exit_code, 1);
  EXPECT_EQ(undeclared.standard_output, "/etc/passwd: No such file or directory\n");
}

TEST_P(Container, keeps_what_the_tree_has_below_tmp) {
  std::filesystem::create_directories(layer_ + "/tmp/project");
  base::write_file_atomically(layer_ + "/tmp/project/a.c", "int a;");
  Job cat = job({"cat", "a.c"});
  cat.working_directory = "/tmp/project";
  EXPECT_EQ(run(cat).standard_output, "int a;");
}

TEST_P(Container, a_bare_name_is_found_on_the_path_of_the_environment_given) {
  base::write_file_atomically(layer_ + "/a", "found");
  Job cat = job({"cat", "/a"});
  cat.argv[0] = "guest";
  cat.environment = {"PATH=/none:/bin"};
  EXPECT_EQ(run(cat).standard_output, "found");
  cat.environment = {"PATH=/none"};
  EXPECT_EQ(run(cat).end, End::NotStarted);
}

TEST_P(Container, merges_layers_and_binds_and_makes_directories) {
  const std::string top = space_.path() + "/top, with:odd\\bytes";
  std::filesystem::create_directories(top + "/src");
  base::write_file_atomically(top + "/src/a", "from the top");
  const std::string bound = space_.path() + "/bound";
  std::filesystem::create_directories(bound);
  base::write_file_atomically(bound + "/b", "bound");
  Job cat = job({"cat", "/src/a"});
  cat.layers = {top, layer_};
  cat.binds = {{bound, "/usr/share/thing"}};
  cat.directories = {"/out/deep", "/src"};
  EXPECT_EQ(run(cat).standard_output, "from the top");
  cat.argv = {"/bin/guest", "cat", "/usr/share/thing/b"};
  EXPECT_EQ(run(cat).standard_output, "bound");
  cat.argv = {"/bin/guest", "write", "/usr/share/thing/b", "no"};
  EXPECT_EQ(run(cat).standard_output, "/usr/share/thing/b: Read-only file system\n");
  cat.argv = {"/bin/guest", "write", "/out/deep/file", "yes"};
  EXPECT_EQ(run(cat).exit_code, 0);
}

TEST_P(Container, refuses_host_directories_that_were_not_announced) {
  Job outside = job({"list", "/"});
  outside.layers = {"/usr"};
  const auto refused = sandbox_->run(outside, StopSignal());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'/usr'"), std::string::npos);
}

TEST_P(Container, writes_land_in_a_copy_that_can_be_read_afterwards) {
  base::write_file_atomically(layer_ + "/input", "original");
  for (const char* verb : {"write", "overwrite"}) {
    const Ended ended = guest({verb, "/input", "CHANGED!"});
    ASSERT_EQ(ended.exit_code, 0) << ended.standard_output;
    const base::UniqueFd seen(::openat(ended.root.get(), "input", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(base::read_all(seen.get(), "input"), "CHANGED!");
    EXPECT_EQ(base::read_file(layer_ + "/input"), "original");
  }
  EXPECT_EQ(guest({"chmod", "/input", "0777"}).exit_code, 0);
  EXPECT_EQ(std::filesystem::status(layer_ + "/input").permissions() & std::filesystem::perms::group_write,
            std::filesystem::perms::none);
}

TEST_P(Container, reaches_no_tcp_listener_of_the_host) {
  const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(guest({"tcp", std::to_string(ntohs(address.sin_port))}).standard_output,
            "connect: Network is unreachable\n");
}

TEST_P(Container, reaches_no_abstract_socket_of_the_host) {
  const std::string name = "gg-test-" + std::to_string(::getpid());
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(guest({"abstract", name}).standard_output, "connect: Connection refused\n");
}

TEST_P(Container, sees_exactly_the_given_environment_and_a_fixed_identity) {
  Job environment = job({"environment"});
  environment.environment = {"B=2", "A=1 and more"};
  EXPECT_EQ(run(environment).standard_output, "B=2\nA=1 and more\n");
  EXPECT_EQ(guest({"identity"}).standard_output, "uid 1000 gid 1000 pid 2 ppid 1 host gg cwd /\n");
}

TEST_P(Container, sees_no_other_process) {
  EXPECT_EQ(guest({"processes"}).standard_output, "2\n");
}

TEST_P(Container, cannot_get_out_by_chroot_symlink_or_parent) {
  EXPECT_EQ(guest({"chroot"}).standard_output, "chroot: Operation not permitted\n");
  std::filesystem::create_symlink("../../../../../../../..", layer_ + "/up");
  std::filesystem::create_symlink("/etc", layer_ + "/etc");
  const std::string root = guest({"list", "/"}).standard_output;
  EXPECT_EQ(guest({"list", "/up"}).standard_output, root);
  EXPECT_EQ(guest({"list", "/../../.."}).standard_output, root);
  EXPECT_EQ(guest({"list", "/proc/self/root/.."}).standard_output, root);
  EXPECT_EQ(guest({"cat", "/etc/passwd"}).exit_code, 1);
}

TEST_P(Container, gains_no_privilege) {
  EXPECT_EQ(guest({"privileges"}).standard_output, "");
}

TEST_P(Container, is_stopped_at_its_time_limit) {
  Job sleep = job({"sleep", "60"});
  sleep.limits.time = std::chrono::milliseconds(100);
  const Ended ended = run(sleep);
  EXPECT_EQ(ended.end, End::TimedOut);
  EXPECT_EQ(ended.exit_code, 137);
  EXPECT_EQ(ended.note, "stopped: it had run for more than 100 ms");
}

TEST_P(Container, is_stopped_at_its_memory_limit) {
  Job eat = job({"eat", "400"});
  eat.limits.memory_bytes = 64U << 20U;
  const Ended ended = run(eat);
  EXPECT_EQ(ended.end, End::OutOfMemory);
  EXPECT_EQ(ended.note, "stopped: it had used more than 64 MiB of memory");
}

TEST_P(Container, may_not_start_processes_without_bound) {
  for (const char* kind : {"fork-bomb", "orphan-bomb", "thread-bomb"}) {
    Job bomb = job({kind});
    bomb.limits.processes = 50;
    const Ended ended = run(bomb);
    EXPECT_EQ(ended.end, End::TooManyProcesses) << kind;
    EXPECT_EQ(ended.note, "stopped: it had more than 50 processes and threads at the same time");
  }
}

TEST_P(Container, runs_at_the_priority_of_gg) {
  EXPECT_EQ(guest({"nice"}).standard_output, std::to_string(::getpriority(PRIO_PROCESS, 0)) + "\n");
}

TEST_P(Container, may_not_fill_the_disk) {
  const Ended ended = guest({"fill", "/tmp/big", "100"});
  EXPECT_EQ(ended.standard_output, "write: No space left on device\n");
  EXPECT_EQ(guest({"fill", "/dev/shm/big", "100"}).standard_output, "write: No space left on device\n");
}

TEST_P(Container, is_stopped_when_it_prints_for_ever) {
  Job print = job({"print-forever"});
  print.limits.output_bytes = 1U << 20U;
  const Ended ended = run(print);
  EXPECT_EQ(ended.end, End::TooMuchOutput);
  EXPECT_EQ(ended.standard_output.size(), 1U << 20U);
}

TEST_P(Container, leaves_no_background_process) {
  // A survivor would hold the pipe, and run() would wait for it.
  const Ended ended = guest({"background"});
  EXPECT_EQ(ended.standard_output, "left one\n");
  EXPECT_EQ(ended.exit_code, 0);
}

TEST_P(Container, is_stopped_when_its_answer_is_not_wanted) {
  StopSignal stop;
  auto waiting = std::async(std::launch::async, [&] { return sandbox_->run(job({"sleep", "60"}), stop); });
  stop.raise();
  const auto ended = waiting.get();
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->end, End::Stopped);
  EXPECT_EQ(guest({"exit", "3"}).exit_code, 3);
}

TEST_P(Container, traced_says_which_paths_were_asked_for_and_absent) {
  Job ask = job({"ask"});
  ask.trace = true;
  const Ended ended = run(ask);
  EXPECT_EQ(ended.exit_code, 0) << ended.standard_output;
  std::vector<std::string> absent = ended.absent;
  // The loader's own questions.
  std::erase_if(absent, [](const std::string& path) {
    return path.starts_with("/etc/ld.so") || path.starts_with("/lib") || path.starts_with("/usr/lib");
  });
  EXPECT_EQ(absent, (std::vector<std::string>{"/plain", "/bin/below-a-descriptor", "/bin/guest/under-a-file",
                                              "/bin/no-program", "/tmp/profile", "/thread/asks",
                                              "/tmp/../child/asks", "/executed/asks"}));
}

TEST_P(Container, traced_ends_as_it_would_have) {
  const auto traced = [this](Job job) {
    job.trace = true;
    return run(job);
  };
  EXPECT_EQ(traced(job({"exit", "3"})).exit_code, 3);
  EXPECT_EQ(traced(job({"raise", "6"})).exit_code, 128 + 6);
  EXPECT_EQ(traced(job({"both", "to out", "to err"})).standard_error, "to err");
  EXPECT_EQ(traced(job({"background"})).standard_output, "left one\n");
  Job none = job({});
  none.argv = {"/bin/none"};
  EXPECT_EQ(traced(none).end, End::NotStarted);
  Job slow = job({"sleep", "60"});
  slow.limits.time = std::chrono::milliseconds(200);
  EXPECT_EQ(traced(slow).end, End::TimedOut);
  EXPECT_EQ(guest({"exit", "4"}).exit_code, 4);
}

TEST_P(Container, says_why_a_command_could_not_start) {
  Job none = job({});
  none.argv = {"/bin/none"};
  Ended ended = run(none);
  EXPECT_EQ(ended.end, End::NotStarted);
  EXPECT_EQ(ended.exit_code, 127);
  EXPECT_EQ(ended.note.rfind("cannot execute '/bin/none' in the sandbox: No such file or directory", 0), 0U)
      << ended.note;
  Job nowhere = job({});
  nowhere.working_directory = "/nowhere";
  ended = run(nowhere);
  EXPECT_EQ(ended.note,
            "cannot enter working directory '/nowhere' in the sandbox: No such file or directory");
  Job refused = job({});
  base::write_file_atomically(layer_ + "/data", "no program");
  refused.argv = {"/data"};
  EXPECT_EQ(run(refused).exit_code, 126);
}

TEST_P(Container, many_run_at_once_and_one_after_another) {
  std::vector<std::future<int>> codes;
  codes.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    codes.push_back(std::async(std::launch::async, [&, thread] {
      int sum = 0;
      for (int i = 0; i < 10; ++i) {
        sum += guest({"exit", std::to_string(thread)}).exit_code;
      }
      return sum;
    }));
  }
  for (int thread = 0; thread < 4; ++thread) {
    EXPECT_EQ(codes[static_cast<size_t>(thread)].get(), 10 * thread);
  }
}

TEST_P(Container, dies_with_gg_even_at_kill_9) {
  const std::string fifo = space_.path() + "/bound/fifo";  // overlayfs would make another fifo of it
  std::filesystem::create_directories(space_.path() + "/bound");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
  const pid_t gg = ::fork();
  if (gg == 0) {
    auto own = Sandbox::open({{space_.path()}});
    Job wait = job({"cat", "/bound/fifo"});  // opens it, then waits for a writer that says something
    wait.binds = {{space_.path() + "/bound", "/bound"}};
    const auto ended = (*own)->run(wait, StopSignal());
    ::_exit(0);
  }
  // Opens only once the container's process has opened its end.
  const base::UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(writer);
  ::kill(gg, SIGKILL);
  ::waitpid(gg, nullptr, 0);
  pollfd broken{writer.get(), 0, 0};  // POLLERR: nobody has it open for reading any more
  EXPECT_EQ(::poll(&broken, 1, 10'000), 1) << "the container's process is still there";
}

TEST(Probe, agrees_that_containers_work_here) {
  const sandbox::Capabilities found = sandbox::probe();
  EXPECT_TRUE(found.sandbox) << found.refusal;
  EXPECT_EQ(found.refusal, "");
  EXPECT_EQ(found.details.front().name, "containers");
}

TEST(Refusal, names_what_was_refused) {
  const auto missing = Sandbox::open({{"/none/such"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot bind '/none/such': No such file or directory");
  EXPECT_EQ(missing.error().kind, base::FailureKind::RetryElsewhere);
}

TEST(RootWithoutUserNamespace, keeps_the_command_in_and_without_privilege) {
  if (::geteuid() != 0) {
    SUCCEED() << "only root can do without one";
    return;
  }
  const base::TemporaryDirectory space;
  const std::string layer = make_layer(space.path() + "/layer", "static");
  const auto opened = Sandbox::open({{space.path()}, sandbox::UserNamespace::Never});
  ASSERT_TRUE(opened) << opened.error().message;
  for (const auto& [verb, expected] : std::map<std::string, std::string>{
           {"privileges", ""},
           {"chroot", "chroot: Operation not permitted\n"},
           {"identity", "uid 0 gid 0 pid 2 ppid 1 host gg cwd /\n"},
           {"processes", "2\n"},
       }) {
    Job job;
    job.argv = {"/bin/guest", verb};
    job.layers = {layer};
    const auto ended = (*opened)->run(job, StopSignal());
    ASSERT_TRUE(ended) << ended.error().message;
    EXPECT_EQ(ended->standard_output, expected) << verb;
  }
  Job traced;
  traced.argv = {"/bin/guest", "cat", "/none"};
  traced.layers = {layer};
  traced.trace = true;
  const auto ended = (*opened)->run(traced, StopSignal());
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(ended->absent, std::vector<std::string>{"/none"});
}

// All of the above once more as an ordinary user, in a process of its own.
TEST(OrdinaryUser, has_the_same_guarantees) {
  if (::geteuid() != 0) {
    SUCCEED() << "this run is an ordinary user's";
    return;
  }
  EXPECT_EQ(sandbox::run_all_as_ordinary_user(), 0);
}

}  // namespace
