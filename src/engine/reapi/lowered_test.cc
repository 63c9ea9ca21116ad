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
    command.working_directory = "home/u";
    command.output_paths = {"../b/x", "a.o"};
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
  EXPECT_EQ(action->outputs, (std::map<std::string, std::string>{{"../b/x", "../b/x"}, {"a.o", "a.o"}}));
}

TEST_F(LoweredTest, a_clusters_platform_makes_another_action_and_leaves_the_thunks_own_word) {
  const object::Digest name = thunk({{"isa", "arm64"}});
  const auto action = lower(store_, name, {{{"OSFamily", "linux"}, {"isa", "x86-64"}}, {}});
  ASSERT_TRUE(action) << action.error().error.message;
  EXPECT_NE(action->action, name);
  const auto sent = ir::decode_thunk(**store_.get(action->action));
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->platform, (std::map<std::string, std::string>{{"OSFamily", "linux"}, {"isa", "arm64"}}));
}

TEST_F(LoweredTest,
       where_a_cluster_makes_no_root_the_command_goes_through_gg_exec_in_a_tree_one_level_deeper) {
  const object::Digest name = thunk();
  const auto action = lower(store_, name, {{}, Lowering::Root::Ours});
  ASSERT_TRUE(action) << action.error().error.message;
  EXPECT_EQ(action->outputs,
            (std::map<std::string, std::string>{{"root/home/b/x", "../b/x"}, {"root/home/u/a.o", "a.o"}}));
  const auto command = ir::decode_command(**store_.get(action->command));
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(command->arguments, (std::vector<std::string>{"gg/gg-exec", "root", "home/u", "/bin/true"}));
  EXPECT_EQ(command->working_directory, "");
  EXPECT_EQ(command->output_paths, (std::vector<std::string>{"root/home/b/x", "root/home/u/a.o"}));
  const auto root = object::decode_directory(**store_.get(action->input_root));
  ASSERT_TRUE(root);
  EXPECT_EQ(std::get<object::Subdirectory>(root->entries.at("root")).digest,
            ir::decode_thunk(**store_.get(name))->input_root);
  const auto gg =
      object::decode_directory(**store_.get(std::get<object::Subdirectory>(root->entries.at("gg")).digest));
  ASSERT_TRUE(gg);
  EXPECT_TRUE(std::get<object::File>(gg->entries.at("gg-exec")).executable);
}

TEST_F(LoweredTest, what_needs_our_own_container_is_refused) {
  for (const auto& property : {std::pair(ir::kOutputs, ir::kExact), std::pair(ir::kGraph, ir::kDynamic)}) {
    const auto action = lower(store_, thunk({{property.first, property.second}}), {});
    ASSERT_FALSE(action);
    EXPECT_EQ(action.error().error.kind, base::FailureKind::RetryElsewhere);
    EXPECT_TRUE(action.error().lost.empty());
  }
}

TEST_F(LoweredTest, where_a_worker_hides_tmp_what_is_there_is_refused) {
  const Lowering hides{{}, Lowering::Root::ServersButTmp};
  EXPECT_EQ(lower(store_, thunk(), hides)->action, thunk());
  auto needs = ir::decode_thunk(**store_.get(thunk())).value();
  needs.input_root = store_.put(object::encode(object::Directory{{{"tmp", object::Symlink{"x"}}}})).value();
  const auto refused = lower(store_, store_.put(ir::encode(needs)).value(), hides);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, base::FailureKind::RetryElsewhere);
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
