#include "base/subprocess.hh"

#include "base/errors.hh"

#include <gtest/gtest.h>

namespace base {
namespace {

Subprocess shell(const std::string& script) {
  return {"/bin/sh", {"sh", "-c", script}, {}, "", "", std::chrono::seconds(20)};
}

TEST(Subprocess, collects_both_streams_larger_than_a_pipe_and_the_exit_code) {
  const Completed done = run(shell("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 3"));
  EXPECT_EQ(done.out.size(), 300'000U);
  EXPECT_EQ(done.err.size(), 200'000U);
  EXPECT_EQ(done.exit_code, 3);
}

TEST(Subprocess, inherits_no_environment_and_reports_a_signal_as_a_shell_does) {
  EXPECT_EQ(run(shell("echo ${HOME:-none}")).out, "none\n");
  EXPECT_EQ(run(shell("kill -9 $$")).exit_code, 137);
}

TEST(Subprocess, one_that_never_ends_is_killed_with_its_children_and_named) {
  Subprocess endless = shell("sleep 1000 & wait");
  endless.timeout = std::chrono::milliseconds(50);
  EXPECT_THROW((void)run(endless), OperatorError);
}

TEST(Subprocess, one_that_cannot_start_says_so) {
  Subprocess absent = shell("");
  absent.program = "/nonexistent/tool";
  EXPECT_THROW((void)run(absent), SyscallError);
}

}  // namespace
}  // namespace base
