#include "exec/native.hh"

#include "exec/test_store.hh"

#include <gtest/gtest.h>

namespace {

class NativeRunnerTest : public ::testing::Test {
 protected:
  exec::Expected<ir::Result> run(const std::string& script, const std::vector<std::string>& outputs) {
    ir::Command command;
    command.arguments = {"/bin/sh", "-c", script};
    command.environment = {{"PATH", "/usr/bin:/bin"}};
    command.working_directory = "project";
    command.output_paths = outputs;
    const ir::Thunk thunk{store_.put(ir::encode(command)).value(), tree_.root(), {}};
    return runner_.run(store_.put(ir::encode(thunk)).value(), sandbox::Limits{}, sandbox::StopSignal());
  }

  void write(const std::string& path, const std::string& bytes) {
    base::make_directories(space_.path() + "/project");
    base::write_file_atomically(space_.path() + "/" + path, bytes);
  }

  exec::TestStore store_;
  exec::TreeBuilder tree_{store_};
  base::TemporaryDirectory space_;
  exec::NativeRunner runner_{store_, space_.path()};
};

TEST_F(NativeRunnerTest, runs_in_the_real_directory_and_keeps_the_outputs) {
  tree_.file("project/in", "bytes");
  write("project/in", "bytes");
  for (int twice = 0; twice < 2; ++twice) {
    const auto result = run("cat in > out", {"out"});
    ASSERT_TRUE(result) << result.error().error.message;
    EXPECT_EQ(result->exit_code, 0);
    EXPECT_EQ(std::get<object::File>(result->outputs.at("out")).digest, object::hash("bytes"));
  }
  EXPECT_EQ(base::read_file(space_.path() + "/project/out"), "bytes");
  EXPECT_FALSE(runner_.isolated());
}

TEST_F(NativeRunnerTest, refuses_and_names_a_file_that_is_not_the_declared_one) {
  tree_.file("project/in", "bytes");
  write("project/in", "other");
  const auto changed = run("touch ran", {});
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().error.message.find("/project/in does not hold the bytes"), std::string::npos)
      << changed.error().error.message;
  EXPECT_FALSE(base::read_file_if_there(space_.path() + "/project/ran"));
  tree_.file("project/none", "");
  write("project/in", "bytes");
  EXPECT_FALSE(run("touch ran", {}));
  EXPECT_FALSE(base::read_file_if_there(space_.path() + "/project/ran"));
}

TEST_F(NativeRunnerTest, an_older_output_is_gone_before_the_command_unless_it_is_an_input) {
  write("project/out", "older");
  EXPECT_EQ(run("test ! -e out", {"out"})->exit_code, 0);
  tree_.file("project/kept", "bytes");
  write("project/kept", "bytes");
  EXPECT_EQ(run("test -e kept", {"kept"})->exit_code, 0);
}

TEST_F(NativeRunnerTest, sees_a_change_between_two_runs) {
  tree_.file("project/in", "bytes");
  write("project/in", "bytes");
  EXPECT_TRUE(run("true", {}));
  write("project/in", "bytez");
  EXPECT_FALSE(run("true", {}));
}

}  // namespace
