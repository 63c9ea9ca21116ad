#include "exec/executor.hh"

#include "exec/test_store.hh"
#include "sandbox/testing_guest.hh"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

namespace {

using base::FailureKind;
using sandbox::guest_path;
using sandbox::mapped_file;

class ExecutorTest : public ::testing::TestWithParam<std::string> {
 protected:
  ExecutorTest() {
    tree_.file("bin/guest", base::read_file(guest_path(GetParam())), true);
    if (GetParam() == "dynamic") {
      tree_.file("lib64/ld-linux-x86-64.so.2", base::read_file(mapped_file("ld-linux")), true);
      tree_.file(mapped_file("libc.so.6").substr(1), base::read_file(mapped_file("libc.so.6")));
    }
    auto opened = exec::Executor::open(store_, space_.path() + "/layouts");
    EXPECT_TRUE(opened) << opened.error().message;
    executor_ = std::move(*opened);
    limits_.time = std::chrono::seconds(30);
  }

  object::Digest thunk(const std::vector<std::string>& words, std::vector<std::string> outputs = {},
                       const std::string& working_directory = "") {
    ir::Command command;
    command.arguments = {"/bin/guest"};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    std::sort(outputs.begin(), outputs.end());
    command.output_paths = std::move(outputs);
    command.working_directory = working_directory;
    const ir::Thunk thunk{store_.put(ir::encode(command)).value(), tree_.root(), {}};
    return store_.put(ir::encode(thunk)).value();
  }

  exec::Expected<ir::Result> try_run(const object::Digest& name) {
    return executor_->run(name, limits_, sandbox::StopSignal());
  }

  // What is said of a command whose outputs are to be exact: "fine", or what it did besides.
  std::string strictly(const std::vector<std::string>& words, std::vector<std::string> outputs,
                       const std::string& working_directory = "") {
    const object::Digest easy = thunk(words, std::move(outputs), working_directory);
    ir::Thunk strict = ir::decode_thunk(bytes(easy)).value();
    strict.platform.emplace(ir::kOutputs, ir::kExact);
    const auto result = try_run(store_.put(ir::encode(strict)).value());
    if (result) {
      return result->exit_code == 0 ? "fine" : "failed: " + text(result->standard_output);
    }
    const std::string& message = result.error().error.message;
    const size_t begin = std::string("the command ").size();
    return message.substr(begin, message.find(", which") - begin);
  }

  ir::Result run(const object::Digest& name) {
    auto result = try_run(name);
    EXPECT_TRUE(result) << result.error().error.message;
    return result ? *result : ir::Result{};
  }

  std::string bytes(const object::Digest& digest) { return store_.get(digest).value().value(); }

  std::string text(const std::optional<object::Digest>& digest) { return digest ? bytes(*digest) : ""; }

  object::Directory directory(const object::Entry& entry) {
    return object::decode_directory(bytes(std::get<object::Subdirectory>(entry).digest)).value();
  }

  exec::TestStore store_;
  base::TemporaryDirectory space_;
  exec::TreeBuilder tree_{store_};
  std::unique_ptr<exec::Executor> executor_;
  sandbox::Limits limits_;
};

INSTANTIATE_TEST_SUITE_P(Linkage, ExecutorTest, ::testing::Values("static", "dynamic"),
                         [](const auto& linkage) { return linkage.param; });

TEST_P(ExecutorTest, a_thunk_becomes_a_result_with_outputs_streams_and_timings) {
  const ir::Result result = run(thunk({"write", "deep/out", "made"}, {"deep/out", "never/made"}, "home/u"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.outputs,
            (std::map<std::string, object::Entry>{{"deep/out", object::File{object::hash("made")}}}));
  EXPECT_EQ(bytes(object::hash("made")), "made");
  EXPECT_EQ(result.standard_output, std::nullopt);
  EXPECT_EQ(result.standard_error, std::nullopt);
  EXPECT_GT(result.timings.execute.count(), 0);
  EXPECT_GT(result.timings.set_up.count(), 0);
}

TEST_P(ExecutorTest, streams_and_exit_code_are_part_of_the_result) {
  const ir::Result both = run(thunk({"both", "o", "e"}));
  EXPECT_EQ(text(both.standard_output), "o");
  EXPECT_EQ(text(both.standard_error), "e");
  EXPECT_EQ(run(thunk({"exit", "3"})).exit_code, 3);
}

TEST_P(ExecutorTest, writing_to_an_input_in_place_leaves_the_stored_object_intact) {
  tree_.file("input", "original");
  const object::Digest original = object::hash("original");
  // As an output it may be written; the file that other containers share stays.
  const ir::Result rewritten = run(thunk({"overwrite", "/input", "CHANGED!"}, {"input"}));
  EXPECT_EQ(rewritten.exit_code, 0) << text(rewritten.standard_output);
  EXPECT_EQ(std::get<object::File>(rewritten.outputs.at("input")).digest, object::hash("CHANGED!"));
  // Undeclared: the mode says no; where the command changes that first, it changes a copy.
  EXPECT_EQ(run(thunk({"overwrite", "/input", "CHANGED!"})).exit_code, 1);
  EXPECT_EQ(run(thunk({"chmod", "/input", "0666"})).exit_code, 0);
  EXPECT_EQ(text(run(thunk({"cat", "/input"})).standard_output), "original");
  EXPECT_EQ(base::read_file(store_.object_path(original, false)), "original");
  EXPECT_EQ(std::filesystem::status(store_.object_path(original, false)).permissions(),
            static_cast<std::filesystem::perms>(0444));
}

TEST_P(ExecutorTest, files_directories_and_symlinks_can_be_outputs) {
  const ir::Result link = run(thunk({"symlink", "/nowhere at/all", "l"}, {"l"}));
  EXPECT_EQ(link.outputs.at("l"), object::Entry(object::Symlink{"/nowhere at/all"}));
  const ir::Result empty = run(thunk({"mkdir", "d"}, {"d"}));
  EXPECT_EQ(directory(empty.outputs.at("d")), object::Directory{});
  tree_.symlink("in", "real").file("real/x", "x");
  const ir::Result through = run(thunk({"write", "in/y", "y"}, {"in/y", "real"}));
  EXPECT_EQ(std::get<object::File>(through.outputs.at("in/y")).digest, object::hash("y"));
  EXPECT_EQ(directory(through.outputs.at("real")).entries.size(), 2U);
}

TEST_P(ExecutorTest, a_file_beside_the_outputs_is_lost_or_where_the_thunk_says_so_a_failure) {
  tree_.file("w/in", "x");
  const object::Digest easy = thunk({"write", "more", "y"}, {"in"}, "w");
  EXPECT_EQ(run(easy).exit_code, 0);
  ir::Thunk strict = ir::decode_thunk(bytes(easy)).value();
  strict.platform.emplace(ir::kOutputs, ir::kExact);
  const auto refused = try_run(store_.put(ir::encode(strict)).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, FailureKind::Deterministic);
  EXPECT_NE(refused.error().error.message.find("/w/more"), std::string::npos)
      << refused.error().error.message;
  strict.command =
      ir::decode_thunk(bytes(thunk({"write", "more", "y"}, {"in", "more"}, "w"))).value().command;
  EXPECT_EQ(run(store_.put(ir::encode(strict)).value()).exit_code, 0);
  strict.command = ir::decode_thunk(bytes(thunk({"chmod", "in", "0600"}, {"in"}, "w"))).value().command;
  const auto private_file = try_run(store_.put(ir::encode(strict)).value());
  ASSERT_FALSE(private_file);
  EXPECT_NE(private_file.error().error.message.find("mode 0600"), std::string::npos);
}

TEST_P(ExecutorTest, an_input_that_is_gone_or_changed_beside_exact_outputs_is_a_failure) {
  tree_.file("w/in", "x").file("w/sub/deep", "y").symlink("w/link", "in");
  EXPECT_EQ(strictly({"cat", "in"}, {}, "w"), "fine");
  EXPECT_EQ(strictly({"remove", "in"}, {}, "w"), "removed /w/in");
  EXPECT_EQ(strictly({"remove", "link"}, {}, "w"), "removed /w/link");
  EXPECT_EQ(strictly({"replace", "in", "z", "in.new"}, {}, "w"), "changed /w/in") << "of the same size";
  EXPECT_EQ(strictly({"replace", "in", "longer", "in.new"}, {}, "w"), "changed /w/in");
  EXPECT_EQ(strictly({"replace", "link", "x", "in.new"}, {}, "w"), "changed /w/link") << "no symlink now";
  EXPECT_EQ(strictly({"chmod", "in", "0000"}, {}, "w"), "changed /w/in");
  EXPECT_EQ(strictly({"replace", "in", "x", "in.new"}, {}, "w"), "fine") << "the same bytes";
  EXPECT_EQ(strictly({"replace", "in", "z", "in.new"}, {"in"}, "w"), "fine") << "an output";
  EXPECT_EQ(strictly({"remove", "sub/deep"}, {"sub"}, "w"), "fine") << "an output taken whole";
  EXPECT_EQ(strictly({"remove", "w/sub/deep"}, {"w/sub/out"}), "removed /w/sub/deep") << "beside an output";
}

TEST_P(ExecutorTest, exact_outputs_are_looked_for_where_symlinks_lead_within_the_root) {
  tree_.file("real/in", "x").symlink("absolute", "/real").symlink("relative", "real");
  for (const std::string directory : {"absolute", "relative", "real"}) {
    EXPECT_EQ(strictly({"write", "out", "y"}, {"out"}, directory), "fine") << directory;
    EXPECT_EQ(strictly({"write", "more", "y"}, {"out"}, directory), "made /real/more") << directory;
    EXPECT_EQ(strictly({"remove", "in"}, {}, directory), "removed /real/in") << directory;
    EXPECT_EQ(strictly({"write", directory + "/more", "y"}, {directory + "/out"}), "made /real/more");
  }
}

TEST_P(ExecutorTest, a_closed_directory_hides_nothing_from_exact_outputs) {
  tree_.file("w/in", "x");
  EXPECT_EQ(strictly({"write-and-close", "/w", "more"}, {}, "w"), "made /w/more");
}

TEST_P(ExecutorTest, an_executable_output_stays_executable_and_an_unreadable_one_is_read) {
  tree_.file("script", "#!/bin/sh");
  const ir::Result executable = run(thunk({"chmod", "script", "0755"}, {"script"}));
  EXPECT_TRUE(std::get<object::File>(executable.outputs.at("script")).executable);
  const ir::Result closed = run(thunk({"chmod", "script", "0"}, {"script"}));
  EXPECT_EQ(std::get<object::File>(closed.outputs.at("script")).digest, object::hash("#!/bin/sh"));
}

TEST_P(ExecutorTest, a_fifo_as_output_is_an_error_that_names_it) {
  const auto refused = try_run(thunk({"fifo", "pipe"}, {"pipe"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, FailureKind::Deterministic);
  EXPECT_EQ(refused.error().error.message,
            "the output pipe is neither file, directory nor symlink, so it cannot be kept");
}

TEST_P(ExecutorTest, ten_thousand_outputs_are_kept) {
  tree_.file("many/input", "i");
  const ir::Result result = run(thunk({"many", "many", "10000"}, {"many"}));
  EXPECT_EQ(result.exit_code, 0) << text(result.standard_output);
  EXPECT_EQ(directory(result.outputs.at("many")).entries.size(), 10'001U);
}

TEST_P(ExecutorTest, paths_are_bytes) {
  const std::string odd = "sp ace\n\xff\xfe,:\\";
  tree_.file("in " + odd, "content");
  EXPECT_EQ(text(run(thunk({"cat", "in " + odd})).standard_output), "content");
  const ir::Result result = run(thunk({"write", odd, "x"}, {odd}, "dir " + odd));
  ASSERT_EQ(result.outputs.count(odd), 1U);
  EXPECT_EQ(std::get<object::File>(result.outputs.at(odd)).digest, object::hash("x"));
}

TEST_P(ExecutorTest, a_command_that_is_not_there_has_the_shells_exit_code_and_a_reason) {
  ir::Command command;
  command.arguments = {"/bin/none"};
  const ir::Thunk none{store_.put(ir::encode(command)).value(), tree_.root(), {}};
  const ir::Result result = run(store_.put(ir::encode(none)).value());
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_EQ(text(result.standard_error).rfind("gg: cannot execute '/bin/none'", 0), 0U);
}

TEST_P(ExecutorTest, a_limit_is_named_and_is_no_result) {
  limits_.time = std::chrono::milliseconds(50);
  auto stopped = try_run(thunk({"sleep", "60"}));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().error.kind, FailureKind::RetryElsewhere);
  EXPECT_EQ(stopped.error().error.message, "the command was stopped: it had run for more than 50 ms");
  limits_.time = std::chrono::seconds(30);
  limits_.output_bytes = 1000;
  stopped = try_run(thunk({"print-forever"}));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().error.kind, FailureKind::Deterministic);
  const std::string& message = stopped.error().error.message;
  EXPECT_TRUE(message.starts_with(
      "the command was stopped: it had printed more than 1000 bytes to its standard output; "
      "its last words:\nand on it goes\n"))
      << message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 20) << message;  // the last one is cut
}

TEST_P(ExecutorTest, an_output_larger_than_any_that_is_kept_is_named_with_the_limit) {
  const auto failed = try_run(thunk({"truncate", "out", "68719476737"}, {"out"}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error.kind, FailureKind::Deterministic);
  EXPECT_NE(failed.error().error.message.find(
                "the output out has 68719476737 bytes, and no file of more than 68719476736"),
            std::string::npos)
      << failed.error().error.message;
}

TEST_P(ExecutorTest, an_argument_list_that_the_kernel_refuses_is_measured) {
  const ir::Result result = run(thunk({"both", std::string(200'000, 'x'), ""}));
  EXPECT_EQ(result.exit_code, 126);
  const std::string said = text(result.standard_error);
  EXPECT_NE(said.find("Argument list too long"), std::string::npos) << said;
  EXPECT_NE(said.find("the longest 200001; Linux allows 2097152 in all and 131072 for one"),
            std::string::npos)
      << said;
}

TEST_P(ExecutorTest, lost_objects_are_reported_as_such) {
  tree_.file("input", "soon gone");
  const object::Digest name = thunk({"cat", "input"});
  store_.forget(object::hash("soon gone"));
  const auto failed = try_run(name);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().lost, std::vector<object::Digest>{object::hash("soon gone")});
  EXPECT_EQ(try_run(object::hash("no thunk")).error().lost,
            std::vector<object::Digest>{object::hash("no thunk")});
}

TEST_P(ExecutorTest, inputs_have_fixed_times_and_a_repeated_one_its_own) {
  tree_.file("a/one.h", "same").file("b/two.h", "same");
  const std::string one = text(run(thunk({"stat", "a/one.h"})).standard_output);
  const std::string two = text(run(thunk({"stat", "b/two.h"})).standard_output);
  EXPECT_NE(one.find(" mtime 946684800.000000000 mode 100444"), std::string::npos) << one;
  EXPECT_NE(two.find(" mtime 946684801.000000000 mode 100444"), std::string::npos) << two;
  EXPECT_NE(one.substr(0, one.find(" mtime")), two.substr(0, two.find(" mtime"))) << "one inode";
}

TEST_P(ExecutorTest, watched_it_says_which_inputs_were_asked_for_and_absent) {
  const auto absent = [this](const object::Digest& name) {
    const auto traced = executor_->run_traced(name, limits_, sandbox::StopSignal());
    EXPECT_TRUE(traced) << traced.error().error.message;
    std::vector<std::string> paths = traced ? traced->absent : std::vector<std::string>();
    std::erase_if(paths, [](const std::string& path) {
      return path.find("/lib") != std::string::npos || path.starts_with("/etc/ld.so");  // the loader's
    });
    return paths;
  };
  using Paths = std::vector<std::string>;
  EXPECT_EQ(absent(thunk({"cat", "../x/input"}, {}, "home/u")), Paths{"/home/u/../x/input"});
  EXPECT_EQ(absent(thunk({"cat", "out"}, {"out"}, "home/u")), Paths{}) << "its own output";
  EXPECT_EQ(absent(thunk({"cat", "/proc/none"})), Paths{}) << "the kernel's";
  tree_.file("home/x/input", "there");
  EXPECT_EQ(absent(thunk({"cat", "../x/input"}, {}, "home/u")), Paths{});
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

TEST_P(ExecutorTest, only_the_record_of_its_probe_is_left_on_disk_when_it_closes) {
  run(thunk({"write", "x", "y"}));
  executor_.reset();
  EXPECT_EQ(names_in(space_.path() + "/layouts"), std::vector<std::string>{"probed"});
}

TEST_P(ExecutorTest, where_containers_worked_before_none_is_made_before_there_is_work_for_it) {
  executor_.reset();
  executor_ = std::move(*exec::Executor::open(store_, space_.path() + "/layouts"));
  EXPECT_EQ(names_in(space_.path() + "/layouts"), std::vector<std::string>{"probed"});
  EXPECT_EQ(run(thunk({"write", "x", "y"})).exit_code, 0);
}

// All of the above once more as an ordinary user, in a process of its own.
TEST(OrdinaryUser, gets_the_same_results) {
  if (::geteuid() != 0) {
    SUCCEED() << "this run is an ordinary user's";
    return;
  }
  EXPECT_EQ(sandbox::run_all_as_ordinary_user(), 0);
}

}  // namespace
