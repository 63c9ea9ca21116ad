#include "intercept/native_gate.hh"

#include "intercept/process.hh"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

namespace intercept {
namespace {

// A process that goes on until it is ended: asleep, or at work, so that no gate takes it for one that waits.
enum class Kind { Sleeps, Works };

template <Kind kind>
class Process {
 public:
  Process() : pid_(::fork()) {
    if (pid_ == 0) {
      for (volatile bool on = true; on;) {
        if (kind == Kind::Sleeps) {
          ::pause();
        }
      }
    }
  }

  ~Process() { end(); }

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  void end() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }

 private:
  pid_t pid_;
};

using Sleeper = Process<Kind::Sleeps>;
using Worker = Process<Kind::Works>;

// Who has been let in.
class Admitted {
 public:
  std::function<void()> note(int number) {
    return [this, number] {
      const std::scoped_lock lock(mutex_);
      numbers_.insert(number);
      changed_.notify_all();
    };
  }

  // False: not within a time that only a defect takes.
  [[nodiscard]] bool comes(int number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return numbers_.count(number) != 0; });
  }

  std::set<int> now() {
    const std::scoped_lock lock(mutex_);
    return numbers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> numbers_;
};

TEST(NativeGate, lets_in_as_many_as_there_are_places_and_the_next_when_one_ends) {
  std::array<Worker, 3> tools;
  Admitted admitted;
  NativeGate gate(2);
  for (size_t i = 0; i < tools.size(); ++i) {
    gate.enter(tools[i].pid(), admitted.note(static_cast<int>(i)));
  }
  EXPECT_EQ(admitted.now(), (std::set<int>{0, 1}));
  tools[1].end();
  EXPECT_TRUE(admitted.comes(2));
}

TEST(NativeGate, a_queue_behind_sleepers_moves_on) {
  std::array<Sleeper, 3> tools;
  Admitted admitted;
  NativeGate gate(1);
  for (size_t i = 0; i < tools.size(); ++i) {
    gate.enter(tools[i].pid(), admitted.note(static_cast<int>(i)));
  }
  EXPECT_TRUE(admitted.comes(2)) << "though nobody has ended";
}

TEST(NativeGate, who_died_in_the_queue_takes_no_place) {
  std::array<Worker, 3> tools;
  Admitted admitted;
  NativeGate gate(1);
  for (size_t i = 0; i < tools.size(); ++i) {
    gate.enter(tools[i].pid(), admitted.note(static_cast<int>(i)));
  }
  tools[1].end();
  tools[0].end();
  EXPECT_TRUE(admitted.comes(2));
  EXPECT_EQ(admitted.now(), (std::set<int>{0, 1, 2}));
}

// A process whose first thread sleeps while another one works is at work.
TEST(NativeGate, a_process_is_busy_when_any_of_its_threads_is) {
  std::array<int, 2> started{};
  ASSERT_EQ(::pipe(started.data()), 0);
  const pid_t worker = ::fork();
  if (worker == 0) {
    std::thread([&] {
      (void)!::write(started[1], "x", 1);
      for (volatile bool on = true; on;) {
      }
    }).join();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(started[0], &byte, 1), 1);
  // The first thread may run for a moment yet, and then sleeps: looks over so long see it asleep.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  size_t idle = 0;
  while (std::chrono::steady_clock::now() < until) {
    idle += is_busy(worker) ? 0U : 1U;
  }
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  ::close(started[0]);
  ::close(started[1]);
  EXPECT_EQ(idle, 0U);
  EXPECT_FALSE(is_busy(worker));
}

TEST(NativeGate, stopped_it_lets_everybody_in_who_comes_later) {
  std::array<Sleeper, 3> tools;
  Admitted admitted;
  NativeGate gate(1);
  gate.enter(tools[0].pid(), admitted.note(0));
  gate.enter(tools[1].pid(), admitted.note(1));
  gate.stop();
  EXPECT_EQ(admitted.now(), (std::set<int>{0, 1}));
  gate.enter(tools[2].pid(), admitted.note(2));
  EXPECT_EQ(admitted.now(), (std::set<int>{0, 1, 2}));
}

TEST(NativeGate, its_end_lets_everybody_in) {
  std::array<Sleeper, 3> tools;
  Admitted admitted;
  {
    NativeGate gate(1);
    for (size_t i = 0; i < tools.size(); ++i) {
      gate.enter(tools[i].pid(), admitted.note(static_cast<int>(i)));
    }
  }
  EXPECT_EQ(admitted.now(), (std::set<int>{0, 1, 2}));
}

}  // namespace
}  // namespace intercept
