#include "intercept/session.hh"

#include "intercept/testing_world.hh"

#include <gtest/gtest.h>

namespace intercept {
namespace {

using world::World;

TEST(Session, a_command_under_make_is_answered_with_a_placeholder_that_becomes_the_real_file) {
  World world;
  world.write("in", "hello\n");
  const Finished finished = world.make("x-tool in out");
  EXPECT_EQ(finished.exit_code, 0) << world.seen.story();
  EXPECT_EQ(world.read("out"), "HELLO\n");
  EXPECT_EQ(world.seen.count(Outcome::Promised), 1U) << world.seen.story();
}

}  // namespace
}  // namespace intercept
