#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ir {
namespace {

using object::hash;

Command sample_command() {
  return {{"gcc", "-c", "a\xFF.c"}, {{"LC_ALL", "C"}, {"PATH", "/usr/bin"}}, "home/u/p", {"../x", "a.o"}};
}

Result sample_result() {
  Result result;
  result.exit_code = 0;
  result.outputs = {{"a.o", object::File{hash("o"), false}},
                    {"dir", object::Subdirectory{hash("d"), true}},
                    {"link", object::Symlink{"a.o"}},
                    {"later", object::Promise{hash("t"), "out"}}};
  result.standard_error = hash("warning");
  result.timings.execute = std::chrono::milliseconds(5);
  return result;
}

TEST(Ir, commands_thunks_and_results_are_read_back) {
  EXPECT_EQ(decode_command(encode(sample_command())).value(), sample_command());
  const Thunk thunk{hash("c"), hash("i"), {{"Arch", "x86_64"}}};
  EXPECT_EQ(decode_thunk(encode(thunk)).value(), thunk);
  EXPECT_EQ(name_of(thunk), hash(encode(thunk)));
  EXPECT_EQ(decode_result(encode(sample_result())).value(), sample_result());
}

// By hand from REAPI v2's numbers: Action.{command_digest=1, input_root_digest=2}, Digest.{hash=1,
// size_bytes=2}.
TEST(Ir, a_thunk_is_an_action_of_the_remote_execution_api) {
  const auto digest = [](const object::Digest& d) { return "\x0A\x40" + d.hex() + "\x10\x01"; };
  const std::string expected = "\x0A\x44" + digest(hash("c")) + "\x12\x44" + digest(hash("i"));
  EXPECT_EQ(encode(Thunk{hash("c"), hash("i"), {}}), expected);
}

// REAPI v2: Command.{arguments=1, environment_variables=2, working_directory=6, output_paths=7},
// EnvironmentVariable.{name=1, value=2}; all of wire type 2.
TEST(Ir, a_command_has_the_bytes_of_the_remote_execution_api) {
  const std::string expected =
      "\x0A\x03gcc"
      "\x12\x06\x0A\x01N\x12\x01v"
      "\x32\x01w"
      "\x3A\x04../x";
  EXPECT_EQ(encode(Command{{"gcc"}, {{"N", "v"}}, "w", {"../x"}}), expected);
}

TEST(Ir, commands_that_no_process_could_run_are_refused) {
  const auto broken = [](auto change) {
    Command command = sample_command();
    change(command);
    EXPECT_THROW((void)encode(command), std::logic_error);
    return !check(command);
  };
  EXPECT_TRUE(check(sample_command()));
  EXPECT_TRUE(broken([](Command& c) { c.arguments.clear(); }));
  EXPECT_TRUE(broken([](Command& c) { c.arguments.front().clear(); }));
  EXPECT_TRUE(broken([](Command& c) { c.arguments.emplace_back("a\0b", 3); }));
  EXPECT_TRUE(broken([](Command& c) { c.environment["A=B"] = "x"; }));
  EXPECT_TRUE(broken([](Command& c) { c.environment[""] = "x"; }));
  for (const char* directory : {"/home", "home/", "a//b", "a/../b", "..", "."}) {
    EXPECT_TRUE(broken([&](Command& c) { c.working_directory = directory; })) << directory;
  }
}

TEST(Ir, output_paths_are_sorted_apart_and_below_the_root) {
  const auto fits = [](std::vector<std::string> paths) {
    Command command = sample_command();
    command.working_directory = "w/x";
    command.output_paths = std::move(paths);
    return check(command).has_value();
  };
  EXPECT_TRUE(fits({}));
  EXPECT_TRUE(fits({"../../b", "../y/a.o", "a", "a!/b", "b"}));
  EXPECT_FALSE(fits({"b", "a"})) << "unsorted";
  EXPECT_FALSE(fits({"a", "a"})) << "twice";
  EXPECT_FALSE(fits({"/a"})) << "absolute";
  EXPECT_FALSE(fits({"../../../a"})) << "above the root";
  EXPECT_FALSE(fits({"../x/a"})) << "a second spelling of a";
  EXPECT_FALSE(fits({"a", "a!", "a/b"})) << "one inside another, others between";
  EXPECT_FALSE(fits({"../../w", "a"})) << "the working directory inside an output";
}

TEST(Ir, results_that_no_execution_could_have_are_refused) {
  const auto broken = [](auto change) {
    Result result = sample_result();
    change(result);
    EXPECT_THROW((void)encode(result), std::logic_error);
    return !check(result);
  };
  EXPECT_TRUE(check(sample_result()));
  EXPECT_TRUE(broken([](Result& r) { r.exit_code = -1; }));
  EXPECT_TRUE(broken([](Result& r) { r.exit_code = 256; }));
  EXPECT_TRUE(broken([](Result& r) { r.outputs["/abs"] = object::Symlink{"x"}; }));
  EXPECT_TRUE(broken([](Result& r) { r.outputs["a.o"] = object::File{}; }));
  EXPECT_TRUE(broken([](Result& r) { r.standard_output = hash(""); }));
  EXPECT_TRUE(broken([](Result& r) { r.standard_error = object::Digest(); }));
}

TEST(Ir, a_thunk_that_names_nothing_is_refused) {
  EXPECT_FALSE(check(Thunk{object::Digest(), hash("i"), {}}));
  EXPECT_FALSE(check(Thunk{hash("c"), object::Digest(), {}}));
  EXPECT_FALSE(check(Thunk{hash("c"), hash("i"), {{"", "x"}}}));
  EXPECT_FALSE(decode_thunk(""));
}

TEST(Ir, a_result_owes_while_an_output_is_or_holds_a_promise) {
  Result result = sample_result();
  EXPECT_TRUE(result.owes());
  result.outputs.erase("later");
  EXPECT_TRUE(result.owes());
  result.outputs.erase("dir");
  EXPECT_FALSE(result.owes());
}

}  // namespace
}  // namespace ir
