#include "model/described_model.hh"

#include "model/trial.hh"

namespace model {
namespace {

NameTemplate name_of(const std::string& text) {
  return NameTemplate::parse(text).value();
}

// A generator of the project's own: a script that copies its inputs, what it finds in the searched
// directories and a data file beside it.
constexpr const char* kGenerator = R"(#!/usr/bin/env sh
out=
dirs=
while [ $# -gt 0 ]; do
  case $1 in
    -o) out=$2; shift ;;
    -I*) dirs="$dirs ${1#-I}" ;;
    -v) ;;
    *) in="$in $1" ;;
  esac
  shift
done
{ echo "$GREETING"; cat $in "$(dirname "$0")/data.txt"; for d in $dirs; do cat $d/*.inc $d/deep/*.inc; done; } > "$out"
echo "// $out" > "${out%.c}.h"
)";

class Described : public Trial {
 protected:
  void SetUp() override {
    write("bin/gen", kGenerator);
    ASSERT_EQ(::chmod(path("bin/gen").c_str(), 0755), 0);
    write("bin/data.txt", "data\n");
    write("a.in", "first\n");
    write("b.in", "second\n");
    write("inc/x.inc", "included\n");
    write("inc/not.txt", "not taken\n");
    write("inc/deep/y.inc", "deep\n");
    base::make_directories(path("out"));
    environment_["PATH"] = path("bin") + ":" + kPath;
  }

  DescribedTool generator() {
    DescribedTool tool;
    tool.root = path("bin");
    tool.programs = {"gen*"};
    tool.runs = {"cat", "dirname"};
    tool.words = {DescribedWord::Input};
    tool.last_word_repeats = true;
    tool.options = {{"-o", "-o", Takes::Either, Does::WritesFile},
                    {"-I", "-I", Takes::Either, Does::SearchDirectory},
                    {"-v", "-v", Takes::Nothing, Does::Neutral},
                    {"-x", "-x", Takes::Nothing, Does::Declines}};
    tool.outputs = {{name_of("{-o|base}.h"), {}, {}, false}};
    tool.files = {name_of("{root}/data.txt")};
    tool.search_files = {"*.inc"};
    tool.environment = {"GREETING"};
    return tool;
  }

  void describe(DescribedTool tool) {
    described_.emplace(view_, store_, records_, std::vector{std::move(tool)});
  }

  Inference infer_described(std::vector<std::string> words) {
    words.insert(words.begin(), "gen");
    Invocation made = invocation({path("bin/gen")});
    made.argv = std::move(words);
    return kept(described_->infer(made));
  }

  std::string reason_of(std::vector<std::string> words) {
    const auto answer = infer_described(std::move(words));
    const auto* declined = std::get_if<Declined>(&answer);
    return declined == nullptr ? "" : declined->reason + " " + declined->detail;
  }

  std::optional<GnuModels> described_;
};

TEST_F(Described, a_thunk_makes_the_bytes_that_the_real_command_makes) {
  describe(generator());
  environment_["GREETING"] = "hello";
  environment_["SECRET"] = "not declared";
  const auto answer = infer_described({"-v", "a.in", "-Iinc", "-o", "out/o.c", "b.in"});
  ASSERT_TRUE(std::holds_alternative<Inferred>(answer)) << std::get<Declined>(answer).detail;
  const auto& inferred = std::get<Inferred>(answer);
  EXPECT_TRUE(inferred.caller_waits);
  EXPECT_EQ(inferred.label, "gen a.in");
  const Ran ran = run_thunk(inferred.thunk);
  EXPECT_EQ(ran.completed.exit_code, 0) << ran.completed.err;
  EXPECT_EQ(ran.outputs,
            (std::map<std::string, std::string>{{"out/o.c", "hello\nfirst\nsecond\ndata\nincluded\ndeep\n"},
                                                {"out/o.h", "// out/o.c\n"}}));
  EXPECT_FALSE(command_of(inferred.thunk).environment.contains("SECRET"));
  EXPECT_FALSE(leaves_of(inferred.thunk).contains(path("inc/not.txt")));
}

TEST_F(Described, what_it_reads_is_in_its_name_and_what_it_does_not_read_is_not) {
  describe(generator());
  const auto name = [this] {
    const auto answer = infer_described({"a.in", "-Iinc", "-oout/o.c"});
    return std::get<Inferred>(answer).thunk;
  };
  const auto first = name();
  write("inc/not.txt", "changed");
  write("b.in", "changed");
  EXPECT_EQ(name(), first);
  write("inc/deep/new.inc", "new");
  const auto second = name();
  EXPECT_NE(second, first);
  write("bin/data.txt", "changed");
  EXPECT_NE(name(), second);
}

TEST_F(Described, what_is_not_described_is_declined) {
  DescribedTool tool = generator();
  tool.needed_options = {"-v"};
  tool.declined_text = {"%header"};
  describe(tool);
  EXPECT_EQ(reason_of({"-v", "a.in", "-o", "out/o.c"}), "");
  EXPECT_EQ(reason_of({"a.in", "-o", "out/o.c"}), "needs-option -v");
  EXPECT_EQ(reason_of({"-v", "--strange", "a.in", "-o", "out/o.c"}), "unknown-option --strange");
  EXPECT_EQ(reason_of({"-v", "-x", "a.in"}), "declined-option -x");
  EXPECT_EQ(reason_of({"-v", "a.in", "-o"}), "unknown-option -o");
  EXPECT_EQ(reason_of({"-v", "-o", "out/o.c"}), "no-input ");
  EXPECT_EQ(reason_of({"-v", "-", "-o", "out/o.c"}), "standard-input -");
  EXPECT_EQ(reason_of({"-v", "@words", "-o", "out/o.c"}), "response-file @words");
  EXPECT_EQ(reason_of({"-v", "none.in", "-o", "out/o.c"}), "missing-input " + path("none.in"));
  EXPECT_EQ(reason_of({"-v", "a.in", "-o", "o.c", "-o", "out/o.c"}), "repeated-option -o");
  EXPECT_EQ(reason_of({"-v", "a.in", "-o", "/dev/stdout"}), "special-output /dev/stdout");
  EXPECT_EQ(reason_of({"-v", "a.in", "-o", "nowhere/o.c"}), "special-output nowhere/o.h");
  write("a.in", "text %header text");
  EXPECT_EQ(reason_of({"-v", "a.in", "-o", "out/o.c"}), "declined-text %header");
  tool.runs = {"no-such-program"};
  describe(tool);
  EXPECT_EQ(reason_of({"-v", "b.in", "-o", "out/o.c"}), "missing-program no-such-program");
}

TEST_F(Described, an_input_that_is_promised_is_waited_for_only_where_it_has_to_be_read) {
  const Inferred maker = inferred({"gcc", "-E", "-P", "-x", "c", "a.in", "-o", "promised.in"});
  write("promised.in", "");
  promises_[path("promised.in")] = {maker.thunk, maker.outputs[0].name};
  describe(generator());
  EXPECT_TRUE(std::holds_alternative<Inferred>(infer_described({"promised.in", "-o", "out/o.c"})));
  DescribedTool tool = generator();
  tool.declined_text = {"%header"};
  describe(tool);
  EXPECT_TRUE(std::holds_alternative<MustRead>(infer_described({"promised.in", "-o", "out/o.c"})));
}

TEST_F(Described, names_that_look_like_patterns_stand_for_themselves) {
  const std::string odd = "p[1]*";
  for (const std::string name : {"data.txt", "a.in", "more[2].txt"}) {
    write(odd + "/" + name, "text\n");
  }
  DescribedTool tool = generator();
  tool.files = {name_of("{input|dir}/data.txt"), name_of("{input|dir}/more*.txt")};
  describe(tool);
  const auto infer_there = [&](const std::string& input) {
    Invocation made = invocation({path("bin/gen")}, odd);
    made.argv = {"gen", input, "-o", "o.c"};
    return kept(described_->infer(made));
  };
  const auto answer = infer_there("a.in");
  ASSERT_TRUE(std::holds_alternative<Inferred>(answer)) << std::get<Declined>(answer).detail;
  const auto leaves = leaves_of(std::get<Inferred>(answer).thunk);
  EXPECT_TRUE(leaves.contains(path(odd + "/data.txt")));
  EXPECT_TRUE(leaves.contains(path(odd + "/more[2].txt")));
  // A file that is not there is told of, even where its name holds what a pattern would.
  write("q[3]/a.in", "text\n");
  EXPECT_EQ(reason_of({"q[3]/a.in", "-o", "out/o.c"}), "missing-input q\\[3]/data.txt");
}

TEST_F(Described, a_folder_by_two_names_is_there_by_both) {
  base::make_directories(path("tree"));
  ASSERT_EQ(::rename(path("inc").c_str(), path("tree/y").c_str()), 0);
  ASSERT_EQ(::symlink("y", path("tree/x").c_str()), 0);
  ASSERT_EQ(::symlink("y", path("tree/z").c_str()), 0);
  describe(generator());
  const auto answer = infer_described({"a.in", "-Itree", "-o", "out/o.c"});
  const auto leaves = leaves_of(std::get<Inferred>(answer).thunk);
  EXPECT_TRUE(leaves.contains(path("tree/x")));
  EXPECT_TRUE(leaves.contains(path("tree/y/x.inc")));
  EXPECT_TRUE(leaves.contains(path("tree/z")));
}

TEST_F(Described, a_script_is_told_from_others_of_its_interpreter) {
  DescribedTool tool = generator();
  tool.programs = {"sh"};
  tool.script = "bin/gen";
  describe(tool);
  const auto answer = kept(described_->infer(invocation({"sh", "bin/gen", "a.in", "-o", "out/o.c"})));
  ASSERT_TRUE(std::holds_alternative<Inferred>(answer)) << std::get<Declined>(answer).detail;
  Ran ran = run_thunk(std::get<Inferred>(answer).thunk);
  EXPECT_EQ(ran.outputs["out/o.c"], "\nfirst\ndata\n") << ran.completed.err;
  const auto other = described_->infer(invocation({"sh", "bin/other", "a.in"}));
  EXPECT_EQ(std::get<Declined>(other).reason, "unknown-tool");
  const auto tools = described_->tools(kPath);
  EXPECT_NE(std::find(tools.begin(), tools.end(), std::filesystem::canonical("/bin/sh")), tools.end());
}

TEST(NameTemplates, are_filled_from_the_command_line) {
  const Given given{{{"input", "./proto/deep/x.y.proto"}, {"-o", "out"}}, {"lib/", "./proto"}};
  const auto filled = [&](const std::string& text) { return name_of(text).fill(given).value_or("nothing"); };
  EXPECT_EQ(filled("{-o}/{input|below|base}.pb.cc"), "out/deep/x.y.pb.cc");
  EXPECT_EQ(filled("{input|dir}"), "./proto/deep");
  EXPECT_EQ(filled("{-o|dir}"), ".");
  EXPECT_EQ(filled("{input|name}-{input|stem}"), "x.y.proto-x.y");
  EXPECT_EQ(filled("{--none}.h"), "nothing");
  EXPECT_EQ(name_of("{input|dir}/*.inc").fill_pattern({{{"input", "a[1]/x"}}, {}}), "a\\[1]/*.inc");
  EXPECT_EQ(NameTemplate::parse("{-o").error().message, "'{' without '}'");
  EXPECT_NE(NameTemplate::parse("{-o|upper}").error().message.find("no filter 'upper'"), std::string::npos);
}

}  // namespace
}  // namespace model
