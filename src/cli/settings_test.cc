#include "cli/settings.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

Settings read(const std::string& text, const std::string& profile = "") {
  const base::TemporaryDirectory folder;
  Settings settings;
  settings.config = folder.path() + "/config.toml";
  settings.profile = profile;
  base::write_file_atomically(settings.config, text);
  read_config(settings, MustExist::Yes);
  return settings;
}

TEST(Settings, a_profile_overrides_the_top_level_which_overrides_the_defaults) {
  const std::string text = "jobs = 3\nkeep-going = true\n[profile.ci]\njobs = 7\nsummary = 'json'\n";
  EXPECT_EQ(read(text).jobs, 3U);
  EXPECT_EQ(read(text, "ci").jobs, 7U);
  EXPECT_EQ(read(text, "ci").summary, "json");
  EXPECT_TRUE(read(text, "ci").keep_going);
}

TEST(Settings, what_was_made_in_the_cloud_has_a_table_of_its_own) {
  const std::string text =
      "[lambda]\nregion = 'eu-west-1'\nfunctions = 'gg-'\ncount = 4\nstore = 's3://gg'\n";
  EXPECT_EQ(read(text).lambda_region, "eu-west-1");
  EXPECT_EQ(read(text).lambda_functions, "gg-");
  EXPECT_EQ(read(text).lambda_count, 4U);
  EXPECT_EQ(read(text).lambda_store, "s3://gg");
  EXPECT_EQ(read(text + "[profile.far.lambda]\nregion = 'us-east-1'\n", "far").lambda_region, "us-east-1");
}

TEST(Settings, with_functions_results_are_shared_in_their_bucket_unless_somebody_says_where) {
  Settings settings;
  settings.lambda_store = "s3://gg";
  choose_store(settings);
  EXPECT_EQ(settings.shared_store, "");
  settings.engine = "lambda,local";
  choose_store(settings);
  EXPECT_EQ(settings.shared_store, "s3://gg");
  settings.shared_store = "s3://mine";
  choose_store(settings);
  EXPECT_EQ(settings.shared_store, "s3://mine");
}

TEST(Settings, a_mistake_is_named_with_its_line) {
  for (const char* text : {"\njobz = 3", "\njobs = 'x'", "\njobs = -1", "\nmax-cost = nan",
                           "\nmax-cost = -0.5", "\nmax-cost = true", "\nmax-executions = 1.5", "\nquiet = 1",
                           "\n= 4", "\nstore = 1", "\nlambda.regions = 'x'"}) {
    try {
      read(text);
      FAIL() << text;
    } catch (const base::OperatorError& error) {
      EXPECT_NE(std::string(error.what()).find("config.toml:2: "), std::string::npos) << error.what();
    }
  }
}

TEST(Settings, a_budget_may_be_nothing_and_is_none_unless_given) {
  EXPECT_EQ(read("jobs = 1").max_cost, std::nullopt);
  EXPECT_EQ(read("max-cost = 0\nmax-executions = 0").max_cost, 0.0);
  EXPECT_EQ(read("max-cost = 0\nmax-executions = 0").max_executions, 0U);
  EXPECT_EQ(read("max-cost = 2.5").max_cost, 2.5);
}

TEST(Settings, a_store_is_a_directory_or_an_address_where_results_are_shared) {
  EXPECT_EQ(read("store = '/var/cache/gg'").store, "/var/cache/gg");
  for (const char* address : {"s3://team/main?region=eu-west-1", "grpcs://cache:443", "unknown://thing"}) {
    EXPECT_EQ(read("store = '" + std::string(address) + "'").shared_store, address);
  }
}

TEST(Settings, a_word_that_a_flag_would_refuse_is_refused) {
  EXPECT_EQ(read("download = \"targets\"").download, "targets");
  for (const char* line : {"download", "cache", "sandbox", "summary"}) {
    EXPECT_THROW(read(std::string(line) + " = \"some\""), base::OperatorError) << line;
  }
}

TEST(Settings, a_profile_that_is_not_there_is_an_error) {
  EXPECT_THROW(read("jobs = 1", "none"), base::OperatorError);
}

TEST(Engines, this_machine_may_share_the_work_of_others) {
  for (const std::string name :
       {"lambda,local", "local,lambda", "http://127.0.0.1:1,local,http://127.0.0.1:2"}) {
    EXPECT_TRUE(local_engine_shares(name)) << name;
    EXPECT_EQ(no_engine(name), "") << name;
  }
  EXPECT_EQ(engine_elsewhere("http://127.0.0.1:1,local,http://127.0.0.1:2"),
            "http://127.0.0.1:1,http://127.0.0.1:2");
  EXPECT_EQ(engine_elsewhere("local"), "");
  EXPECT_FALSE(local_engine_shares("local"));
  EXPECT_FALSE(local_engine_shares("lambda://main?region=eu-west-1"));
  for (const std::string name : {"", "lambda,lambda", "lambdas", "cloud", "locale"}) {
    EXPECT_NE(no_engine(name), "") << name;
  }
}

}  // namespace
}  // namespace cli
