#include "cloud/registry.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "net/test_http_server.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

using namespace cloud;
using net::TestHttpServer;

namespace {

// Remembers blobs by the digest that they are said to have; breaks off each `breaks_off`-th answer.
class SmallRegistry {
 public:
  std::string answer(const TestHttpServer::Request& request) {
    ++asked_;
    if (breaks_off != 0 && asked_ % breaks_off == 0) {
      return "";
    }
    const std::string& target = request.target;
    const size_t digest = target.find("sha256:");
    if (request.method == "HEAD") {
      return TestHttpServer::reply(held.count(target.substr(digest)) != 0 ? 200 : 404, "");
    }
    if (request.method == "POST") {
      return TestHttpServer::reply(202, "", "Location: /v2/team/uploads/1?state=x\r\n");
    }
    if (request.method == "PATCH") {
      return TestHttpServer::reply(202, "", "Location: /v2/team/uploads/1?state=y\r\n");
    }
    const size_t named = target.find("digest=sha256%3A");
    if (named != std::string::npos) {
      held.insert("sha256:" + target.substr(named + 16));
    } else {
      ++manifests;
    }
    return TestHttpServer::reply(201, "");
  }

  std::set<std::string> held;
  int manifests = 0;
  int breaks_off = 0;

 private:
  int asked_ = 0;
};

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    ImageWriter writer(scratch_.path());
    const Layer layer = writer.add_layer({{"hello", ImageEntry::Kind::File, 0644, "world"}});
    manifest_ = writer.finish({"amd64", {"/hello"}, {}, "/"}, {layer}, "gg");
  }

  Registry registry(const TestHttpServer& server) {
    Registry::Options options;
    options.origin = server.url();
    options.repository = "team";
    options.basic = "dTpw";
    options.first_back_off = std::chrono::milliseconds(1);
    return {options, http_};
  }

  base::TemporaryDirectory scratch_;
  Manifest manifest_;
  net::HttpClient http_{{}};
  SmallRegistry there_;
};

}  // namespace

TEST_F(RegistryTest, what_is_there_is_not_sent_again) {
  TestHttpServer server([this](const auto& request) { return there_.answer(request); });
  const auto first = registry(server).push(scratch_.path(), manifest_, "gg");
  EXPECT_EQ(first.blobs_sent, 2U);
  const auto second = registry(server).push(scratch_.path(), manifest_, "gg");
  EXPECT_EQ(second.blobs_sent, 0U);
  EXPECT_EQ(second.sent_bytes, 0U);
  EXPECT_EQ(there_.manifests, 2);
}

TEST_F(RegistryTest, connections_that_break_do_not_break_the_push) {
  there_.breaks_off = 3;
  TestHttpServer server([this](const auto& request) { return there_.answer(request); });
  registry(server).push(scratch_.path(), manifest_, "gg");
  EXPECT_EQ(there_.held.size(), 2U);
  EXPECT_EQ(there_.manifests, 1);
}

TEST_F(RegistryTest, credentials_go_to_no_other_host) {
  TestHttpServer elsewhere([](const auto& request) {
    EXPECT_EQ(request.headers.count("authorization"), 0U);
    return TestHttpServer::reply(request.method == "PATCH" ? 202 : 201, "");
  });
  TestHttpServer server([&](const auto& request) {
    EXPECT_EQ(request.headers.at("authorization"), "Basic dTpw");
    return request.method == "POST"
               ? TestHttpServer::reply(202, "", "Location: " + elsewhere.url() + "/there\r\n")
               : TestHttpServer::reply(request.method == "HEAD" ? 404 : 201, "");
  });
  registry(server).push(scratch_.path(), manifest_, "gg");
  EXPECT_GE(elsewhere.requests().size(), 4U);
}

TEST_F(RegistryTest, a_refusal_is_said_in_the_servers_words) {
  TestHttpServer server([](const auto& request) {
    return request.method == "HEAD"
               ? TestHttpServer::reply(404, "")
               : TestHttpServer::reply(403, R"({"errors":[{"code":"DENIED","message":"read only"}]})");
  });
  try {
    registry(server).push(scratch_.path(), manifest_, "gg");
    FAIL();
  } catch (const base::OperatorError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("DENIED: read only"));
    EXPECT_THAT(error.what(), testing::HasSubstr("may not push"));
  }
}
