#include "engine/threads/stop.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(Stop, a_listener_hears_of_it_once_while_it_lives) {
  Stop stop;
  int heard = 0;
  {
    const Stop::Listener listener(stop, [&] { ++heard; });
    EXPECT_EQ(heard, 0);
    stop.raise();
    stop.raise();
  }
  EXPECT_EQ(heard, 1);
  EXPECT_TRUE(stop.raised());
}

TEST(Stop, who_comes_late_hears_of_it_at_once) {
  Stop stop;
  stop.raise();
  int heard = 0;
  const Stop::Listener listener(stop, [&] { ++heard; });
  EXPECT_EQ(heard, 1);
}

TEST(Stop, nobody_is_called_after_the_listener_has_gone) {
  Stop stop;
  int heard = 0;
  {
    const Stop::Listener listener(stop, [&] { ++heard; });
  }
  stop.raise();
  EXPECT_EQ(heard, 0);
}

}  // namespace
}  // namespace engine
