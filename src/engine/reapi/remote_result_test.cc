#include "engine/reapi/remote_result.hh"

#include "object/hash.hh"
#include "object/memory_remote.hh"
#include "object/tree.hh"
#include "object/wire.hh"

#include <gtest/gtest.h>

#include "build/bazel/remote/execution/v2/remote_execution.pb.h"

namespace engine {
namespace {

namespace re = build::bazel::remote::execution::v2;

class RemoteResultTest : public ::testing::Test {
 protected:
  base::Result<std::optional<RemoteResult>> take() { return from_remote(answer_, outputs_, here_, there_); }

  void add_file(const std::string& path, const object::Digest& digest) {
    auto& file = *answer_.add_output_files();
    file.set_path(path);
    file.set_is_executable(true);
    object::to_wire(digest, *file.mutable_digest());
  }

  // A tree with one directory below its root.
  object::Digest put_tree(bool whole) {
    object::Directory below;
    below.entries.emplace("f", object::File{object::hash("f"), false});
    const std::string child = object::encode(below);
    object::Directory top;
    top.entries.emplace("sub", object::Subdirectory{object::hash(child), false});
    re::Tree tree;
    tree.set_root(object::encode(top));
    if (whole) {
      tree.add_children(child);
    }
    return there_.memory.put(tree.SerializeAsString()).value();
  }

  void add_directory(const object::Digest& tree) {
    auto& directory = *answer_.add_output_directories();
    directory.set_path("out");
    object::to_wire(tree, *directory.mutable_tree_digest());
  }

  std::map<std::string, std::string> outputs_{{"a.o", "a.o"}, {"link", "link"}, {"out", "out"}};
  re::ActionResult answer_;
  object::MemoryStore here_;
  object::MemoryRemote there_;
};

TEST_F(RemoteResultTest, outputs_and_streams_become_ours) {
  add_file("a.o", object::hash("object"));
  auto& link = *answer_.add_output_file_symlinks();
  link.set_path("link");
  link.set_target("a.o");
  answer_.set_exit_code(3);
  answer_.set_stdout_raw("said");
  object::to_wire(object::hash("long"), *answer_.mutable_stderr_digest());
  const auto taken = take();
  ASSERT_TRUE(taken && *taken);
  const ir::Result& result = (*taken)->result;
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.outputs.at("a.o"), object::Entry(object::File{object::hash("object"), true}));
  EXPECT_EQ(result.outputs.at("link"), object::Entry(object::Symlink{"a.o"}));
  EXPECT_EQ(here_.get(*result.standard_output).value(), "said");
  EXPECT_EQ(result.standard_error, object::hash("long"));
  EXPECT_EQ((*taken)->objects, (std::vector{object::hash("object"), object::hash("long")}));
}

TEST_F(RemoteResultTest, a_directory_comes_here_and_its_files_are_named) {
  add_directory(put_tree(true));
  const auto taken = take();
  ASSERT_TRUE(taken && *taken) << taken.error().message;
  const auto& entry = std::get<object::Subdirectory>((*taken)->result.outputs.at("out"));
  const auto top = object::decode_directory(**here_.get(entry.digest));
  ASSERT_TRUE(top);
  const auto& below = std::get<object::Subdirectory>(top->entries.at("sub"));
  EXPECT_TRUE(here_.get(below.digest)->has_value());
  EXPECT_EQ((*taken)->objects, std::vector{object::hash("f")});
}

TEST_F(RemoteResultTest, a_directory_that_the_server_lost_makes_no_result) {
  add_directory(object::hash("gone"));
  const auto taken = take();
  ASSERT_TRUE(taken);
  EXPECT_FALSE(*taken);
}

TEST_F(RemoteResultTest, what_no_result_can_be_is_refused) {
  add_directory(put_tree(false));
  EXPECT_NE(take().error().message.find("lacks its directory 'sub'"), std::string::npos);
  answer_.Clear();
  answer_.set_exit_code(-1);
  EXPECT_FALSE(take());
  answer_.Clear();
  add_file("a.o", object::Digest());
  EXPECT_FALSE(take()) << "a digest that names nothing";
  answer_.Clear();
  add_directory(there_.memory.put("\xff\xff").value());
  EXPECT_FALSE(take());
}

TEST_F(RemoteResultTest, an_output_gets_the_name_that_its_thunk_has_for_it) {
  outputs_ = {{"root/p/a.o", "a.o"}};
  add_file("root/p/a.o", object::hash("object"));
  EXPECT_EQ((*take())->result.outputs.count("a.o"), 1U);
}

TEST_F(RemoteResultTest, what_nobody_declared_is_left_out) {
  add_file("other", object::hash("x"));
  const auto taken = take();
  ASSERT_TRUE(taken && *taken);
  EXPECT_TRUE((*taken)->result.outputs.empty());
  EXPECT_TRUE((*taken)->objects.empty());
}

TEST_F(RemoteResultTest, ours_goes_there_and_comes_back_the_same) {
  add_file("a.o", object::hash("object"));
  add_directory(put_tree(true));
  answer_.set_stdout_raw("said");
  const ir::Result result = (*take())->result;
  re::ActionResult again;
  const auto objects = to_remote(result, here_, again);
  ASSERT_TRUE(objects && *objects);
  for (const object::Digest& digest : **objects) {
    if (const auto bytes = *here_.get(digest)) {
      static_cast<void>(there_.memory.put(*bytes));
    }
  }
  const auto back = from_remote(again, outputs_, here_, there_);
  ASSERT_TRUE(back && *back) << back.error().message;
  EXPECT_EQ((*back)->result, result);
}

TEST_F(RemoteResultTest, where_it_was_and_how_long_each_stage_took_is_kept) {
  auto& said = *answer_.mutable_execution_metadata();
  said.set_worker("worker-3");
  said.mutable_queued_timestamp()->set_seconds(1'000);
  said.mutable_worker_start_timestamp()->set_seconds(1'002);
  said.mutable_input_fetch_start_timestamp()->set_seconds(1'002);
  said.mutable_input_fetch_completed_timestamp()->set_seconds(1'005);
  said.mutable_execution_start_timestamp()->set_seconds(1'005);
  said.mutable_execution_completed_timestamp()->set_seconds(1'009);
  said.mutable_output_upload_start_timestamp()->set_seconds(1'009);  // and no word of its end
  ir::Timings expected;
  expected.worker = "worker-3";
  expected.queued = std::chrono::seconds(2);
  expected.fetch = std::chrono::seconds(3);
  expected.execute = std::chrono::seconds(4);
  EXPECT_EQ(take().value()->result.timings, expected);
}

}  // namespace
}  // namespace engine
