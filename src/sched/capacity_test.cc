#include "sched/capacity.hh"

#include <gtest/gtest.h>

namespace sched {
namespace {

TEST(Capacity, what_an_engine_does_not_say_is_not_held_against_it) {
  Hints job;
  job.cores = 64;
  job.memory_bytes = job.disk_bytes = uint64_t{1} << 40U;
  job.platform = "linux/arm64";
  EXPECT_EQ(refusal(job, Capacity{}), "");
}

TEST(Capacity, the_stricter_of_two_limits_counts_and_what_just_fits_fits) {
  Hints job;
  job.memory_bytes = 4;
  Capacity place;
  place.memory_bytes = 8;
  place.job_memory_bytes = 4;
  EXPECT_EQ(refusal(job, place), "");
  job.memory_bytes = 5;
  EXPECT_EQ(refusal(job, place), "it needs 5 bytes of memory, and 4 are there");
  place.job_memory_bytes = 0;
  EXPECT_EQ(refusal(job, place), "");
  place.memory_bytes = 2;
  place.job_memory_bytes = 9;
  EXPECT_EQ(refusal(job, place), "it needs 5 bytes of memory, and 2 are there");
}

TEST(Capacity, too_few_cores_make_slow_and_only_a_limit_of_each_job_refuses) {
  Hints job;
  job.cores = 5;
  Capacity place;
  place.cores = 2;
  EXPECT_EQ(refusal(job, place), "");
  place.job_cores = 4;
  EXPECT_EQ(refusal(job, place), "it needs 5 cores, and 4 are there");
}

TEST(Capacity, memory_disk_platform_and_locality_are_reasons) {
  Capacity place;
  place.job_memory_bytes = 100;
  place.job_disk_bytes = 50;
  place.platform = "linux/amd64";
  Hints job;
  job.memory_bytes = 101;
  EXPECT_EQ(refusal(job, place), "it needs 101 bytes of memory, and 100 are there");
  job.memory_bytes = 100;
  job.disk_bytes = 51;
  EXPECT_EQ(refusal(job, place), "it needs 51 bytes of disk, and 50 are there");
  job.disk_bytes = 50;
  job.platform = "linux/arm64";
  EXPECT_EQ(refusal(job, place), "it needs linux/arm64, and this is linux/amd64");
  job.platform = "linux/amd64";
  EXPECT_EQ(refusal(job, place), "");
  job.local_only = true;
  EXPECT_EQ(refusal(job, place), "it must not leave the user's machine");
  place.is_local = true;
  EXPECT_EQ(refusal(job, place), "");
}

}  // namespace
}  // namespace sched
