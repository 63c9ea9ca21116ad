#include "exec/paths.hh"

#include <gtest/gtest.h>

namespace {

TEST(Paths, outputs_are_found_from_the_working_directory) {
  EXPECT_EQ(exec::below_root("home/u/src", "a.o"), "home/u/src/a.o");
  EXPECT_EQ(exec::below_root("home/u/src", "../build/./a.o"), "home/u/build/a.o");
  EXPECT_EQ(exec::below_root("", "out/"), "out");
  EXPECT_EQ(exec::below_root("a", ".."), "");
  EXPECT_EQ(exec::below_root("a", "x y\n\xff"), "a/x y\n\xff");
}

TEST(Paths, an_output_may_not_lead_out_of_the_root) {
  EXPECT_EQ(exec::below_root("a", "../../etc/passwd"), std::nullopt);
  EXPECT_EQ(exec::below_root("a", "/etc/passwd"), std::nullopt);
  ir::Command command;
  command.output_paths = {"../up"};
  EXPECT_EQ(exec::output_places(command).error().message, "the output path ../up leads out of the root");
}

}  // namespace
