#include "engine/http/fleet.hh"

#include "net/test_http_server.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

using Request = net::TestHttpServer::Request;
using Went = Fleet::Went;

class HeldClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return now; }

  [[nodiscard]] base::Nanoseconds wall() const override { return now; }

  std::atomic<base::Nanoseconds> now{std::chrono::hours(1)};
};

std::string says(const wire::Worker& worker) {
  return net::TestHttpServer::reply(200, wire::as_body(wire::encode(worker)));
}

class FleetTest : public ::testing::Test {
 protected:
  Fleet fleet_of(std::vector<std::string> urls, unsigned jobs = 0) {
    return Fleet(http_, nullptr, clock_, {std::move(urls), jobs});
  }

  std::string greeting(const std::string& answer) {
    net::TestHttpServer server([&](const Request&) { return answer; });
    const auto greeted = fleet_of({server.url()}).greet("x86_64");
    return greeted ? "" : greeted.error().message;
  }

  // Nullopt: it would have to wait.
  static std::optional<std::string> take_now(Fleet& fleet) {
    int looks = 0;
    const auto seat = fleet.take([&looks] { return looks++ == 0; });
    return seat ? std::optional(seat->url) : std::nullopt;
  }

  HeldClock clock_;
  net::HttpClient http_{net::HttpClient::Options{"", "gg", std::chrono::seconds(2), std::chrono::seconds(2)}};
};

TEST_F(FleetTest, what_is_no_worker_of_ours_is_told_before_the_build) {
  EXPECT_EQ(greeting(says({"w", 2, "x86_64", "container"})), "");
  EXPECT_NE(
      greeting(net::TestHttpServer::reply(404, "<html>not here</html>")).find("is no gg worker: HTTP 404"),
      std::string::npos);
  EXPECT_NE(greeting(net::TestHttpServer::reply(200, "hello")).find("is no gg worker"), std::string::npos);
  EXPECT_NE(greeting(net::TestHttpServer::reply(401, "")).find("--token-file"), std::string::npos);
  EXPECT_NE(greeting(says({"w", 2, "aarch64", "container"})).find("runs on aarch64"), std::string::npos);
  wire::Worker other{"w", 2, "x86_64", "container"};
  std::string bytes = wire::encode(other);
  bytes[1] = 9;
  EXPECT_NE(greeting(net::TestHttpServer::reply(200, wire::as_body(bytes))).find("version 9"),
            std::string::npos);
}

TEST_F(FleetTest, one_that_does_not_answer_is_missed_only_if_nobody_does) {
  net::TestHttpServer server([](const Request&) { return says({"w", 3, "x86_64", "container"}); });
  Fleet both = fleet_of({"http://127.0.0.1:1", server.url()});
  ASSERT_TRUE(both.greet("x86_64"));
  EXPECT_EQ(take_now(both), server.url()) << "the other one has failed lately";
  const auto none = fleet_of({"http://127.0.0.1:1"}).greet("x86_64");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("is gg-worker running there"), std::string::npos)
      << none.error().message;
}

TEST_F(FleetTest, jobs_are_spread_by_how_many_each_takes) {
  net::TestHttpServer small([](const Request&) { return says({"small", 1, "x86_64", "container"}); });
  net::TestHttpServer large([](const Request&) { return says({"large", 3, "x86_64", "container"}); });
  Fleet fleet = fleet_of({small.url(), large.url()});
  ASSERT_TRUE(fleet.greet("x86_64"));
  EXPECT_EQ(fleet.jobs(), 4U);
  std::map<std::string, int> taken;
  for (int i = 0; i < 4; ++i) {
    ++taken[take_now(fleet).value()];
  }
  EXPECT_EQ(taken[small.url()], 1);
  EXPECT_EQ(taken[large.url()], 3);
  EXPECT_EQ(take_now(fleet), std::nullopt);
}

TEST_F(FleetTest, one_that_fails_is_left_alone_for_longer_each_time) {
  Fleet fleet = fleet_of({"http://one", "http://two"}, 1);
  const auto fail_one = [&] {
    const auto first = fleet.take({}).value();
    const auto second = fleet.take({}).value();
    for (const auto& seat : {first, second}) {
      fleet.done(seat, seat.url == "http://one" ? Went::Badly : Went::Well);
    }
  };
  fail_one();
  const auto two = fleet.take({}).value();
  EXPECT_EQ(two.url, "http://two");
  EXPECT_EQ(take_now(fleet), std::nullopt);
  fleet.done(two, Went::Well);
  clock_.now = clock_.now.load() + std::chrono::milliseconds(600);
  fail_one();
  clock_.now = clock_.now.load() + std::chrono::milliseconds(600);
  EXPECT_EQ(fleet.take({}).value().url, "http://two");
  EXPECT_EQ(take_now(fleet), std::nullopt);
  clock_.now = clock_.now.load() + std::chrono::milliseconds(600);
  EXPECT_EQ(take_now(fleet), "http://one");
}

TEST_F(FleetTest, when_all_are_gone_nobody_waits_for_them_but_they_are_tried_again) {
  Fleet fleet = fleet_of({"http://one"}, 2);
  for (int i = 0; i < 3; ++i) {
    clock_.now = clock_.now.load() + std::chrono::seconds(40);
    fleet.done(fleet.take({}).value(), Went::Badly);
  }
  const auto none = fleet.take({});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, base::FailureKind::RetryElsewhere);
  EXPECT_EQ(none.error().message, "worker http://one does not answer any more");
  clock_.now = clock_.now.load() + std::chrono::seconds(40);
  const auto again = fleet.take({});
  ASSERT_TRUE(again);
  fleet.done(*again, Went::Well);
  EXPECT_TRUE(fleet.take({}));
}

TEST_F(FleetTest, one_that_is_full_is_asked_again_soon) {
  Fleet fleet = fleet_of({"http://one"}, 2);
  fleet.done(fleet.take({}).value(), Went::Busy);
  EXPECT_EQ(take_now(fleet), std::nullopt);
  clock_.now = clock_.now.load() + std::chrono::milliseconds(300);
  EXPECT_EQ(take_now(fleet), "http://one");
}

}  // namespace
}  // namespace engine
