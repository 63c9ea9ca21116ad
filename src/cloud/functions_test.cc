#include "cloud/functions.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cloud/test_account.hh"

using namespace cloud;
using net::TestHttpServer;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// Lambda with one function.
class SmallLambda {
 public:
  std::string answer(const TestHttpServer::Request& request) {
    if (request.method == "GET") {
      if (configuration.is_null()) {
        return TestHttpServer::reply(404, R"({"Message":"none"})",
                                     "x-amzn-ErrorType: ResourceNotFoundException\r\n");
      }
      if (pending > 0 && --pending == 0) {
        configuration["State"] = state;
      }
      return TestHttpServer::reply(
          200, json{{"Configuration", configuration}, {"Code", {{"ImageUri", image}}}}.dump());
    }
    if (refusals > 0) {
      --refusals;
      return TestHttpServer::reply(400, json{{"message", why}}.dump(), "x-amzn-ErrorType: " + code + "\r\n");
    }
    asked.push_back(request.method + " " + request.target);
    json body = json::parse(request.body);
    if (request.target.ends_with("/code")) {
      image = body["ImageUri"];
    } else {
      if (body.contains("Code")) {
        image = body["Code"]["ImageUri"];
        configuration = json::object();
      }
      configuration.update(body);
      configuration["State"] = pending > 0 ? "Pending" : state;
      configuration["StateReason"] = reason;
    }
    return TestHttpServer::reply(200, configuration.dump());
  }

  json configuration;
  std::string image;
  std::vector<std::string> asked;
  int pending = 0;
  std::string state = "Active";
  std::string reason;
  int refusals = 0;
  std::string code;
  std::string why;
};

class FunctionsTest : public testing::Test {
 protected:
  static FunctionSettings settings() {
    FunctionSettings settings;
    settings.image = "repository@sha256:1";
    settings.role = "arn:role";
    settings.log_group = "log";
    return settings;
  }

  SmallLambda there_;
  TestAccount account_{[this](const auto& request) { return there_.answer(request); }};
  Functions functions_{account_.calls(), TestAccount::patience()};
};

}  // namespace

TEST_F(FunctionsTest, one_is_made_with_all_that_it_needs_and_waited_for) {
  there_.pending = 3;
  EXPECT_EQ(functions_.put("gg-0", settings()), Functions::Done::Made);
  EXPECT_EQ(there_.pending, 0);
  EXPECT_EQ(there_.configuration["PackageType"], "Image");
  EXPECT_EQ(there_.configuration["EphemeralStorage"]["Size"], 2048);
  EXPECT_EQ(there_.configuration["LoggingConfig"]["LogGroup"], "log");
  EXPECT_EQ(there_.configuration["ImageConfig"]["Command"], json({"--cache-size", "1024M"}));
}

TEST_F(FunctionsTest, one_that_is_so_is_left_alone) {
  static_cast<void>(functions_.put("gg-0", settings()));
  EXPECT_EQ(functions_.put("gg-0", settings()), Functions::Done::Nothing);
  EXPECT_THAT(there_.asked, ElementsAre("POST /2015-03-31/functions"));
}

TEST_F(FunctionsTest, another_image_is_put_into_it) {
  static_cast<void>(functions_.put("gg-0", settings()));
  FunctionSettings other = settings();
  other.image = "repository@sha256:2";
  EXPECT_EQ(functions_.put("gg-0", other), Functions::Done::Changed);
  EXPECT_EQ(there_.image, "repository@sha256:2");
}

TEST_F(FunctionsTest, another_log_is_noticed_although_it_cannot_be_read_back) {
  static_cast<void>(functions_.put("gg-0", settings()));
  FunctionSettings other = settings();
  other.log_group = "another";
  EXPECT_EQ(functions_.put("gg-0", other), Functions::Done::Changed);
}

TEST_F(FunctionsTest, a_role_that_is_not_known_everywhere_yet_is_tried_again) {
  there_.refusals = 2;
  there_.code = "InvalidParameterValueException";
  there_.why = "The role defined for the function cannot be assumed by Lambda.";
  EXPECT_EQ(functions_.put("gg-0", settings()), Functions::Done::Made);
}

TEST_F(FunctionsTest, another_change_in_progress_is_waited_for) {
  there_.refusals = 2;
  there_.code = "ResourceConflictException";
  there_.why = "An update is in progress for resource";
  EXPECT_EQ(functions_.put("gg-0", settings()), Functions::Done::Made);
}

TEST_F(FunctionsTest, a_wrong_setting_is_not_tried_again) {
  there_.refusals = 1;
  there_.code = "InvalidParameterValueException";
  there_.why = "'MemorySize' value failed to satisfy constraint";
  EXPECT_THROW(static_cast<void>(functions_.put("gg-0", settings())), CallError);
}

TEST_F(FunctionsTest, one_that_does_not_come_up_says_why) {
  there_.state = "Failed";
  there_.reason = "the image is of another architecture";
  try {
    static_cast<void>(functions_.put("gg-0", settings()));
    FAIL();
  } catch (const base::OperatorError& error) {
    EXPECT_THAT(error.what(), HasSubstr("another architecture"));
  }
}

TEST(FunctionList, holds_those_of_the_prefix_and_a_number_over_all_pages) {
  TestAccount account([](const auto& request) {
    const bool is_first = request.target.find("Marker") == std::string::npos;
    json page{{"Functions", json::array()}};
    for (const char* name :
         is_first ? std::vector{"gg-10", "gg-x", "gg-"} : std::vector{"gg-2", "other-1", "gg-1a"}) {
      page["Functions"].push_back({{"FunctionName", name}});
    }
    if (is_first) {
      page["NextMarker"] = "more";
    }
    return TestHttpServer::reply(200, page.dump());
  });
  std::vector<std::string> names;
  for (const FunctionState& state : Functions(account.calls(), {}).list("gg-")) {
    names.push_back(state.name);
  }
  EXPECT_THAT(names, ElementsAre("gg-2", "gg-10"));
}
