#include "engine/reapi/root_probe.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(RootProbe, only_what_the_kernel_has_may_stand_beside_the_input_root) {
  EXPECT_EQ(foreign_in_root(".\n..\ndev\nproc\ntmp\ngg-probe\n"), std::nullopt);
  EXPECT_EQ(foreign_in_root(".\n..\ngg-probe\nusr\nbin\n"), "usr");
  EXPECT_EQ(foreign_in_root("gg-probe\nhome"), "home");
}

}  // namespace
}  // namespace engine
