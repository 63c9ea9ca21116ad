#include "engine/errands/riders.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

using Digests = std::vector<object::Digest>;

object::Digest sized(const std::string& text, size_t bytes) {
  return object::hash(text + std::string(bytes - text.size(), ' '));
}

TEST(Riders, what_is_small_and_new_rides_and_what_is_wanted_again_is_stored) {
  Riders riders;
  const Digests own{sized("thunk", 100), sized("source", 20'000)};
  const object::Digest shared = sized("header", 1000);
  EXPECT_EQ(riders.split({own[0], own[1], shared}).riding, (Digests{own[0], own[1], shared}));
  const Riders::Split next = riders.split({sized("other thunk", 100), shared});
  EXPECT_EQ(next.riding, Digests{sized("other thunk", 100)});
  EXPECT_EQ(next.stored, Digests{shared});
}

TEST(Riders, what_is_large_is_stored) {
  Riders riders;
  const object::Digest large = sized("compiler", 1'000'000);
  EXPECT_EQ(riders.split({large}).stored, Digests{large});
}

TEST(Riders, of_a_lot_that_nobody_has_yet_nothing_rides) {
  Riders riders;
  Digests many;
  for (int i = 0; i < 500; ++i) {
    many.push_back(sized("header " + std::to_string(i), 1000));
  }
  const Riders::Split split = riders.split(many);
  EXPECT_EQ(split.riding, Digests());
  EXPECT_EQ(split.stored, many);
  EXPECT_EQ(riders.split({many[0]}).riding, Digests{many[0]}) << "it has not travelled yet";
}

}  // namespace
}  // namespace engine
