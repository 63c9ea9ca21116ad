#include "cloud/stack.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/test_account.hh"

using namespace cloud;
using net::TestHttpServer;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

// CloudFormation with one stack, whose status at each look is the next of a list; the last stays.
class SmallCloudFormation {
 public:
  std::string answer(const TestHttpServer::Request& request) {
    const std::string action = action_of(request.body);
    if (action == "DescribeStacks") {
      if (looks.empty()) {
        return TestHttpServer::reply(
            400,
            "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id gg "
            "does not exist</Message></Error></ErrorResponse>");
      }
      const std::string status = looks.front();
      looks.erase(looks.begin(), looks.begin() + (looks.size() > 1 || status == "DELETE_COMPLETE" ? 1 : 0));
      return TestHttpServer::reply(200,
                                   "<R><DescribeStacksResult><Stacks><member><StackStatus>" + status +
                                       "</StackStatus><Tags><member><Key>gg:made-of</Key><Value>" + made_of +
                                       "</Value></member></Tags><Outputs><member><OutputKey>Bucket</"
                                       "OutputKey><OutputValue>b</OutputValue>"
                                       "</member></Outputs></member></Stacks></DescribeStacksResult></R>");
    }
    asked.push_back(action);
    if (action == "DescribeStackEvents") {
      return TestHttpServer::reply(
          200,
          "<R><DescribeStackEventsResult><StackEvents><member><LogicalResourceId>Log</"
          "LogicalResourceId><ResourceStatus>"
          "CREATE_FAILED</ResourceStatus><ResourceStatusReason>cancelled</ResourceStatusReason></"
          "member><member>"
          "<LogicalResourceId>Objects</LogicalResourceId><ResourceStatus>CREATE_FAILED</ResourceStatus>"
          "<ResourceStatusReason>too many buckets</ResourceStatusReason></member></StackEvents>"
          "</DescribeStackEventsResult></R>");
    }
    looks = after[action];
    return TestHttpServer::reply(200, "<R/>");
  }

  static std::string action_of(const std::string& body) {
    const size_t begin = body.find("Action=") + 7;
    return body.substr(begin, body.find('&', begin) - begin);
  }

  std::vector<std::string> looks;  // empty: there is no stack
  std::map<std::string, std::vector<std::string>> after;
  std::string made_of = stack_made_of({});
  std::vector<std::string> asked;
};

class StackTest : public testing::Test {
 protected:
  SmallCloudFormation there_;
  TestAccount account_{[this](const auto& request) { return there_.answer(request); }};
  Stack stack_{account_.calls(), "gg", TestAccount::patience()};
};

}  // namespace

TEST_F(StackTest, one_that_is_missing_is_made_and_waited_for) {
  there_.after["CreateStack"] = {"CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"};
  EXPECT_EQ(stack_.put({}).output("Bucket"), "b");
  EXPECT_THAT(there_.asked, ElementsAre("CreateStack"));
}

TEST_F(StackTest, one_that_is_so_is_left_alone) {
  there_.looks = {"UPDATE_COMPLETE"};
  static_cast<void>(stack_.put({}));
  EXPECT_TRUE(there_.asked.empty());
}

TEST_F(StackTest, one_that_somebody_is_making_is_waited_for) {
  there_.looks = {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"};
  static_cast<void>(stack_.put({}));
  EXPECT_TRUE(there_.asked.empty());
}

TEST_F(StackTest, another_setting_changes_it) {
  there_.looks = {"CREATE_COMPLETE"};
  there_.after["UpdateStack"] = {"UPDATE_COMPLETE"};
  static_cast<void>(stack_.put({3, 7}));
  EXPECT_THAT(there_.asked, ElementsAre("UpdateStack"));
}

TEST_F(StackTest, one_that_never_came_about_is_deleted_and_made_anew) {
  there_.looks = {"ROLLBACK_COMPLETE"};
  there_.after["DeleteStack"] = {"DELETE_IN_PROGRESS", "DELETE_COMPLETE"};
  there_.after["CreateStack"] = {"CREATE_COMPLETE"};
  static_cast<void>(stack_.put({}));
  EXPECT_THAT(there_.asked, ElementsAre("DeleteStack", "CreateStack"));
}

TEST_F(StackTest, why_it_does_not_come_about_is_what_failed_first) {
  there_.after["CreateStack"] = {"ROLLBACK_COMPLETE"};
  try {
    static_cast<void>(stack_.put({}));
    FAIL();
  } catch (const base::OperatorError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Objects: too many buckets"));
  }
}

TEST_F(StackTest, one_that_cannot_be_deleted_is_an_error) {
  there_.looks = {"CREATE_COMPLETE"};
  there_.after["DeleteStack"] = {"DELETE_FAILED"};
  EXPECT_THROW(stack_.remove(), base::OperatorError);
}

TEST(StackState, an_output_that_is_not_there_says_what_mends_it) {
  try {
    static_cast<void>(StackState().output("Bucket"));
    FAIL();
  } catch (const base::OperatorError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gg cloud up"));
  }
}
