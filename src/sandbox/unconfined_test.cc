#include "sandbox/unconfined.hh"

#include <gtest/gtest.h>

namespace {

using sandbox::End;
using sandbox::Ended;
using sandbox::Job;

Job shell(const std::string& script) {
  Job job;
  job.argv = {"/bin/sh", "-c", script};
  job.environment = {"PATH=/usr/bin:/bin", "ONLY=this"};
  job.limits.time = std::chrono::seconds(30);
  return job;
}

Ended run(const Job& job) {
  auto ended = sandbox::run_unconfined(job, sandbox::StopSignal());
  EXPECT_TRUE(ended) << ended.error().message;
  return ended ? std::move(*ended) : Ended{};
}

TEST(Unconfined, brings_streams_exit_code_and_the_given_environment) {
  Job job = shell("pwd; echo $ONLY $HOME >&2; exit 3");
  job.working_directory = "/usr";
  const Ended ended = run(job);
  EXPECT_EQ(ended.standard_output, "/usr\n");
  EXPECT_EQ(ended.standard_error, "this\n");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(run(shell("kill -ABRT $$")).exit_code, 128 + 6);
}

TEST(Unconfined, kills_what_the_command_leaves_in_the_background) {
  // A survivor would hold the pipe, and run_unconfined() would wait for it.
  EXPECT_EQ(run(shell("sleep 60 & echo left one")).standard_output, "left one\n");
}

TEST(Unconfined, keeps_the_limits_on_time_and_output) {
  Job slow = shell("sleep 60");
  slow.limits.time = std::chrono::milliseconds(50);
  EXPECT_EQ(run(slow).end, End::TimedOut);
  Job loud = shell("while :; do echo and on it goes; done");
  loud.limits.output_bytes = 10'000;
  const Ended ended = run(loud);
  EXPECT_EQ(ended.end, End::TooMuchOutput);
  EXPECT_EQ(ended.standard_output.size(), 10'000U);
}

TEST(Unconfined, is_stopped_when_its_answer_is_not_wanted) {
  const sandbox::StopSignal stop;
  stop.raise();
  EXPECT_EQ(sandbox::run_unconfined(shell("sleep 60"), stop)->end, End::Stopped);
}

TEST(Unconfined, says_why_a_command_could_not_start) {
  Job job = shell("");
  job.argv = {"/none/such"};
  const Ended ended = run(job);
  EXPECT_EQ(ended.end, End::NotStarted);
  EXPECT_EQ(ended.exit_code, 127);
  EXPECT_EQ(ended.note, "cannot execute '/none/such' in '/': No such file or directory");
}

}  // namespace
