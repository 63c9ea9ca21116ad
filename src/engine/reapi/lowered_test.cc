#include "engine/reapi/lowered.hh"

#include "ir/dynamic.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

class LoweredTest : public ::testing::Test {
 protected:
  object::Digest thunk(const std::map<std::string, std::string>& platform = {}) {
    ir::Command command;
    command.arguments = {"/bin/true"};
    command.output_paths = {"a.o"};
    const object::Digest root = store_.put(object::encode(object::Directory{})).value();
    return store_.put(ir::encode(ir::Thunk{store_.put(ir::encode(command)).value(), root, platform})).value();
  }

  object::MemoryStore store_;
};

TEST_F(LoweredTest, a_thunk_is_an_action_as_it_stands) {
  const object::Digest name = thunk();
  const auto action = lower(store_, name, {});
  ASSERT_TRUE(action) << action.error().error.message;
  EXPECT_EQ(action->action, name);
  EXPECT_EQ(action->words.output_paths, std::vector<std::string>{"a.o"});
}

TEST_F(LoweredTest, a_clusters_platform_makes_another_action_and_leaves_the_thunks_own_word) {
  const object::Digest name = thunk({{"isa", "arm64"}});
  const auto action = lower(store_, name, {{"OSFamily", "linux"}, {"isa", "x86-64"}});
  ASSERT_TRUE(action) << action.error().error.message;
  EXPECT_NE(action->action, name);
  const auto sent = ir::decode_thunk(**store_.get(action->action));
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->platform, (std::map<std::string, std::string>{{"OSFamily", "linux"}, {"isa", "arm64"}}));
}

TEST_F(LoweredTest, what_needs_our_own_container_is_refused) {
  for (const auto& property : {std::pair(ir::kOutputs, ir::kExact), std::pair(ir::kGraph, ir::kDynamic)}) {
    const auto action = lower(store_, thunk({{property.first, property.second}}), {});
    ASSERT_FALSE(action);
    EXPECT_EQ(action.error().error.kind, base::FailureKind::RetryElsewhere);
    EXPECT_TRUE(action.error().lost.empty());
  }
}

TEST_F(LoweredTest, what_the_store_has_lost_is_named) {
  const object::Digest name = thunk();
  const object::Digest command = ir::decode_thunk(**store_.get(name))->command;
  store_.forget(command);
  EXPECT_EQ(lower(store_, name, {}).error().lost, std::vector{command});
  store_.forget(name);
  EXPECT_EQ(lower(store_, name, {}).error().lost, std::vector{name});
}

}  // namespace
}  // namespace engine
