#include "cli/command_line.hh"

#include "base/errors.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

using Words = std::vector<std::string>;

Request parse(Words words) {
  words.insert(words.begin(), "gg");
  return parse_command_line(words, {{"HOME", "/nonexistent"}});
}

TEST(CommandLine, what_stands_behind_the_flags_of_run_is_the_builds_own) {
  const Request request = parse({"run", "-j", "3", "-k", "--", "make", "-j8", "--", "--json"});
  EXPECT_EQ(request.command, "run");
  EXPECT_EQ(request.words, (Words{"make", "-j8", "--", "--json"}));
  EXPECT_EQ(request.settings.jobs, 3U);
  EXPECT_TRUE(request.settings.keep_going);
  EXPECT_FALSE(request.settings.json);
  EXPECT_EQ(parse({"run", "make", "-j8", "--help"}).words, (Words{"make", "-j8", "--help"}));
}

TEST(CommandLine, a_budget_is_given_in_executions_and_in_dollars) {
  const Request run = parse({"run", "--max-executions", "0", "--max-cost", "2.5", "make", "--max-cost", "x"});
  EXPECT_EQ(run.settings.max_executions, 0U);
  EXPECT_EQ(run.settings.max_cost, 2.5);
  EXPECT_EQ(run.words, (Words{"make", "--max-cost", "x"}));
  const Request force = parse({"force", "f"});
  EXPECT_EQ(force.settings.max_executions, std::nullopt);
  EXPECT_EQ(force.settings.max_cost, std::nullopt);
}

TEST(CommandLine, a_mistake_is_a_usage_error_that_names_it) {
  for (const Words& words : std::vector<Words>{{},
                                               {"rnu"},
                                               {"run"},
                                               {"run", "--wrong", "make"},
                                               {"force", "--jobs", "x"},
                                               {"get"},
                                               {"get", "a", "b"},
                                               {"gc"},
                                               {"gc", "--size", "many"},
                                               {"run", "--engine", "cloud", "--", "make"},
                                               {"run", "--max-cost", "nan", "--", "make"},
                                               {"run", "--max-cost", "-1", "--", "make"},
                                               {"force", "--max-executions", "-1", "f"},
                                               {"stats", "x"}}) {
    EXPECT_THROW(parse(words), UsageError) << ::testing::PrintToString(words);
  }
}

TEST(CommandLine, a_mistake_points_to_the_help_of_its_own_command) {
  const auto message = [](const Words& words) -> std::string {
    try {
      (void)parse(words);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({"run", "--wrong", "make"}).find("see `gg run --help`"), std::string::npos);
  EXPECT_EQ(message({"rnu", "make"}), "gg has no sub-command 'rnu'; see `gg --help`");
  EXPECT_EQ(message({"gcc", "-c", "a.c"}),
            "gg has no sub-command 'gcc'; before a tool it is `gg cc gcc …`, see `gg cc --help`");
}

TEST(CommandLine, sizes_are_powers_of_1024_with_a_unit) {
  EXPECT_EQ(parse({"gc", "--size", "10G"}).size_bytes, 10ULL << 30U);
  EXPECT_EQ(parse({"gc", "--size", "512"}).size_bytes, 512U);
}

TEST(CommandLine, help_wins_over_what_is_missing) {
  EXPECT_TRUE(parse({"gc", "--help"}).help);
  EXPECT_EQ(parse({"gc", "--help"}).command, "gc");
  EXPECT_TRUE(parse({"--help"}).help);
}

TEST(CommandLine, a_named_config_file_must_exist) {
  EXPECT_THROW(parse({"run", "--config", "/nonexistent/c.toml", "--", "make"}), base::OperatorError);
}

}  // namespace
}  // namespace cli
