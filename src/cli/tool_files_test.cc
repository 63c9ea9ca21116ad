#include "cli/tool_files.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

class ToolFiles : public ::testing::Test {
 protected:
  std::vector<model::DescribedTool> read(const std::string& text) {
    base::write_file_atomically(folder_.path() + "/t.toml", text);
    Settings settings;
    settings.tools = folder_.path() + "/none";
    settings.tool_files = {"t.toml"};
    return read_tool_files(settings, folder_.path());
  }

  std::string mistake(const std::string& text) {
    try {
      (void)read(text);
    } catch (const base::OperatorError& error) {
      return std::string(error.what()).substr(folder_.path().size() + 1);
    }
    return "none";
  }

  const base::TemporaryDirectory folder_;
};

TEST_F(ToolFiles, a_description_says_what_each_word_does) {
  const auto tools = read(
      "[[tool]]\nprogram = 'gen'\nwords = ['input', 'text...']\nfiles = ['data/', '/usr/share/gen/*']\n"
      "outputs = ['{input|stem}.c', {path = '{-o|base}.h', when = '-d', perhaps = true}]\nsure = true\n"
      "[tool.options]\nflag = ['-d, --defines', '-W*']\noutput = ['-o, --output']\n"
      "value = ['-n N', '--level=', '-l*']\nsearch = '-I'\n[tool.set]\nTZ = 'UTC'\n");
  ASSERT_EQ(tools.size(), 1U);
  const model::DescribedTool& tool = tools[0];
  EXPECT_EQ(tool.root, folder_.path());
  EXPECT_TRUE(tool.sure);
  EXPECT_TRUE(tool.last_word_repeats);
  EXPECT_EQ(tool.set.at("TZ"), "UTC");
  ASSERT_EQ(tool.outputs.size(), 2U);
  EXPECT_EQ(tool.outputs[1].when, std::vector<std::string>{"-d"});
  std::map<std::string, std::string> forms;
  for (const model::DescribedOption& option : tool.options) {
    forms[option.spelling] = option.name + std::to_string(static_cast<int>(option.takes));
  }
  const auto takes = [](model::Takes form) { return std::to_string(static_cast<int>(form)); };
  using enum model::Takes;
  EXPECT_EQ(forms, (std::map<std::string, std::string>{{"-d", "-d" + takes(Nothing)},
                                                       {"--defines", "-d" + takes(Nothing)},
                                                       {"-W", "-W" + takes(Joined)},
                                                       {"-o", "-o" + takes(Either)},
                                                       {"--output", "-o" + takes(Separate)},
                                                       {"--output=", "-o" + takes(Joined)},
                                                       {"-n", "-n" + takes(Separate)},
                                                       {"--level=", "--level=" + takes(Joined)},
                                                       {"-l", "-l" + takes(Joined)},
                                                       {"-I", "-I" + takes(Either)}}));
}

TEST_F(ToolFiles, a_mistake_is_named_with_its_file_and_line) {
  const std::string head = "[[tool]]\nprogram = 'gen'\n";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"x = 1\n", "t.toml:1: a file that describes tools holds [[tool]]"},
      {"[tool]\nprogram = 'gen'\n", "t.toml:1: a file that describes tools holds [[tool]]"},
      {"[[tool]]\nwords = ['input']\n", "t.toml:1: a [[tool]] wants a 'program'"},
      {"[[tool]]\nprogram = 'bin/gen'\n", "t.toml:2: 'bin/gen' is a path"},
      {"[[tool]]\nprogram = 'gcc'\n", "t.toml:2: gg has a model of its own for 'gcc'"},
      {"[[tool]]\nprogram = 1\n", "t.toml:2: a string is wanted"},
      {head + "wrods = ['input']\n", "t.toml:3: unknown key 'wrods'"},
      {head + "words = ['inputs']\n", "t.toml:3: no 'inputs': a word is input, output or text"},
      {head + "words = ['input...', 'output']\n", "t.toml:3: nothing can follow"},
      {head + "options.flags = '-d'\n", "t.toml:3: no kind of options is called 'flags'"},
      {head + "options.flag = 'd'\n", "t.toml:3: 'd' is no option"},
      {head + "options.flag = ['-d', '-d']\n", "t.toml:3: '-d' stands twice"},
      {head + "outputs = '{-o}.h'\n", "t.toml:3: '-o' is the first spelling of no option"},
      {head + "outputs = '{input|up}.h'\n", "t.toml:3: no filter 'up'"},
      {head + "outputs = {when = '-o'}\n", "t.toml:3: '-o' is the first spelling of no option"},
      {head + "needs = '--sorted'\n", "t.toml:3: '--sorted' is the first spelling of no option"},
      {head + "set = {A = 1}\n", "t.toml:3: 'set' holds names of variables"},
      {head + "sure = 1\n", "t.toml:3: true or false"},
      {head + "runs = 'm4\n", "t.toml:3: "},
      {head + "runs = '\xff'\n", "t.toml:3: "}};
  for (const auto& [text, message] : mistakes) {
    EXPECT_EQ(mistake(text).substr(0, message.size()), message) << mistake(text);
  }
  EXPECT_NE(mistake(head + "runs = '\xff'\n").find("UTF-8"), std::string::npos);
}

TEST_F(ToolFiles, the_users_own_and_the_projects_are_read_after_those_that_were_named) {
  Settings settings;
  settings.tools = folder_.path() + "/user";
  settings.tool_files = {"named.toml"};
  base::make_directories(folder_.path() + "/.gg/tools");
  base::make_directories(settings.tools);
  const auto describe = [&](const std::string& file, const std::string& program) {
    base::write_file_atomically(folder_.path() + "/" + file, "[[tool]]\nprogram = '" + program + "'\n");
  };
  describe("named.toml", "first");
  describe(".gg/tools/p.toml", "second");
  describe(".gg/tools/p.toml~", "never");
  describe("user/u.toml", "third");
  std::vector<std::string> programs;
  for (const auto& tool : read_tool_files(settings, folder_.path())) {
    programs.push_back(tool.programs.at(0));
  }
  EXPECT_EQ(programs, (std::vector<std::string>{"first", "second", "third"}));
  settings.tool_files = {"none.toml"};
  EXPECT_THROW((void)read_tool_files(settings, folder_.path()), base::OperatorError);
}

}  // namespace
}  // namespace cli
