#include "storage/reapi/reapi_store.hh"

#include "storage/reapi/capabilities.hh"
#include "storage/reapi/test_server.hh"

#include <gtest/gtest.h>

#include <thread>

namespace storage {
namespace {

class ManualTime final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return now; }

  [[nodiscard]] base::Nanoseconds wall() const override { return now; }

  base::Nanoseconds now{0};
};

class ReapiStoreTest : public ::testing::Test {
 protected:
  ReapiStoreTest() {
    ReapiStore::Options options;
    options.batch_bytes = 10'000;  // so that batches and streams both come into use
    store_ = std::make_unique<ReapiStore>(server_.service(), time_, options);
  }

  std::vector<object::Digest> put_here(size_t count, size_t bytes) {
    std::vector<object::Digest> digests;
    for (size_t i = 0; i < count; ++i) {
      digests.push_back(here_.put(std::to_string(i) + std::string(bytes, 'x')).value());
    }
    return digests;
  }

  ManualTime time_;
  TestServer server_;
  object::MemoryStore here_;
  std::unique_ptr<ReapiStore> store_;
};

TEST_F(ReapiStoreTest, what_the_server_lacks_is_sent_once_and_then_believed_for_a_while) {
  const auto digests = put_here(50, 1000);
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_GT(server_.batches, 4U);
  const size_t bytes = server_.received;
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_TRUE(store_->missing(digests).value().empty());
  EXPECT_EQ(server_.asked, 1U);
  time_.now += std::chrono::hours(1);
  EXPECT_TRUE(store_->missing(digests).value().empty());
  EXPECT_EQ(server_.asked, 2U);
  EXPECT_EQ(server_.received, bytes);
}

TEST_F(ReapiStoreTest, what_is_distrusted_is_asked_for_again_and_sent_again) {
  const auto digests = put_here(2, 10);
  ASSERT_TRUE(store_->send(digests, here_, {}));
  server_.memory.forget(digests[0]);
  store_->distrust(digests);
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_TRUE(server_.memory.missing(digests)->empty());
}

TEST_F(ReapiStoreTest, what_nobody_has_is_said_and_the_rest_is_sent) {
  auto digests = put_here(3, 10);
  here_.forget(digests[1]);
  EXPECT_EQ(store_->send(digests, here_, {}).value(), std::vector{digests[1]});
  EXPECT_EQ(server_.memory.missing(digests).value(), std::vector{digests[1]});
}

TEST_F(ReapiStoreTest, many_who_send_the_same_at_once_send_it_once) {
  const auto digests = put_here(200, 100);
  size_t bytes = 0;
  for (const object::Digest& digest : digests) {
    bytes += digest.size();
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(store_->send(digests, here_, {})); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(server_.received, bytes);
}

TEST_F(ReapiStoreTest, large_objects_go_in_streams_that_go_on_where_they_broke) {
  const auto digests = put_here(1, 2'000'000);
  server_.break_after = 500'000;
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_LT(server_.received, 2'100'000U);
  object::MemoryStore other;
  server_.break_after = 500'000;
  EXPECT_TRUE(store_->fetch(digests, other, {}).value().empty());
  EXPECT_TRUE(other.missing(digests)->empty());
  EXPECT_LT(server_.sent, 2'100'000U);
}

TEST_F(ReapiStoreTest, a_busy_server_is_asked_again) {
  const auto digests = put_here(1, 10);
  server_.busy = 2;
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_EQ(server_.batches, 3U);
}

TEST_F(ReapiStoreTest, nobody_waits_for_what_is_not_wanted) {
  const auto digests = put_here(1, 10);
  server_.busy = 1'000'000;
  EXPECT_FALSE(store_->send(digests, here_, [this] { return server_.batches < 2; }));
}

TEST_F(ReapiStoreTest, bytes_that_do_not_match_their_name_are_as_good_as_gone) {
  const object::Digest digest = server_.memory.put("right").value();
  server_.damaging = true;
  object::MemoryStore into;
  EXPECT_EQ(store_->fetch(std::vector{digest}, into, {}).value(), std::vector{digest});
  EXPECT_EQ(store_->get(digest).value(), std::nullopt);
  server_.damaging = false;
  EXPECT_EQ(store_->get(digest).value(), "right");
}

TEST_F(ReapiStoreTest, what_is_here_already_is_not_fetched) {
  const auto digests = put_here(3, 10);
  EXPECT_TRUE(store_->fetch(digests, here_, {}).value().empty());
  EXPECT_EQ(store_->put("x").value(), object::hash("x"));
  EXPECT_EQ(store_->get(object::hash("x")).value(), "x");
}

TEST_F(ReapiStoreTest, a_server_that_cannot_serve_says_why) {
  const auto why = [this](const std::string& instance) {
    const auto found = ask_capabilities(server_.service(), instance);
    return found ? "fine" : found.error().message;
  };
  EXPECT_EQ(why(""), "fine");
  EXPECT_NE(why("other").find("no instance called 'other'"), std::string::npos);
  server_.capabilities.mutable_high_api_version()->set_minor(0);
  EXPECT_NE(why("").find("speaks Remote Execution 2.0 to 2.0; gg speaks 2.1"), std::string::npos);
  server_.capabilities.mutable_high_api_version()->set_minor(3);
  server_.capabilities.mutable_cache_capabilities()->clear_digest_functions();
  EXPECT_NE(why("").find("SHA-256"), std::string::npos);
}

// Those that expire while they are used.
class Tokens final : public net::GrpcCredentials {
 public:
  base::Result<Headers> headers() override { return Headers{{"authorization", "Bearer " + token}}; }

  bool renew() override {
    token = "new";
    return true;
  }

  std::string token = "old";
};

TEST(ReapiStore, credentials_that_are_refused_are_asked_for_anew_once) {
  std::atomic<int> calls{0};
  TestServer server([&calls](const grpc::ServerContext& context, const std::string&) {
    ++calls;
    const auto& sent = context.client_metadata();
    const auto found = sent.find("authorization");
    return found != sent.end() && found->second == "Bearer new"
               ? grpc::Status::OK
               : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "expired");
  });
  net::GrpcService::Options options;
  options.address = server.service().address();
  options.credentials = std::make_shared<Tokens>();
  const auto service = net::GrpcService::open(options).value();
  const base::SystemClock clock;
  EXPECT_EQ(ReapiStore(*service, clock, {}).put("x").value(), object::hash("x"));
  EXPECT_EQ(calls, 3);  // the question, that again, and the sending
  const auto refused = ReapiStore(server.service(), clock, {}).put("y");
  EXPECT_NE(refused.error().message.find("expired (UNAUTHENTICATED)"), std::string::npos);
}

// A server that takes and gives zstd, and a store that knows it.
class CompressedTest : public ReapiStoreTest {
 protected:
  CompressedTest() {
    auto& offered = *server_.capabilities.mutable_cache_capabilities();
    offered.add_supported_compressors(re::ZSTD);
    offered.add_supported_batch_update_compressors(re::ZSTD);
    const ReapiCapabilities found = ask_capabilities(server_.service(), "").value();
    ReapiStore::Options options;
    options.batch_bytes = 10'000;
    options.zstd_streams = found.zstd_streams;
    options.zstd_batches = found.zstd_batches;
    store_ = std::make_unique<ReapiStore>(server_.service(), time_, options);
  }

  // Text that shrinks, but not to nothing.
  static std::string numbers(size_t bytes) {
    std::string text;
    for (uint64_t i = 1; text.size() < bytes; ++i) {
      text += std::to_string(i * i * 7919);
    }
    return text;
  }
};

TEST_F(CompressedTest, batches_and_streams_travel_compressed_both_ways) {
  const std::vector digests{here_.put(numbers(5'000)).value(), here_.put(numbers(2'000'000)).value()};
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_TRUE(server_.memory.missing(digests)->empty());
  EXPECT_LT(server_.received, 1'200'000U);
  object::MemoryStore other;
  EXPECT_TRUE(store_->fetch(digests, other, {}).value().empty());
  EXPECT_TRUE(other.missing(digests)->empty());
  EXPECT_LT(server_.sent, 1'200'000U);
  EXPECT_LT(server_.sent_in_batches, 4'000U);
}

TEST_F(CompressedTest, what_does_not_shrink_goes_as_it_is) {
  std::string noise = base::zstd_compressed(numbers(20'000));
  const std::vector digests{here_.put(noise).value(), here_.put("short").value()};
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  EXPECT_EQ(server_.received, noise.size() + 5);
}

TEST_F(CompressedTest, a_stream_that_broke_goes_on_where_it_broke) {
  const std::vector digests{here_.put(numbers(3'000'000)).value()};
  server_.break_after = 500'000;
  EXPECT_TRUE(store_->send(digests, here_, {}).value().empty());
  object::MemoryStore other;
  server_.break_after = 500'000;
  EXPECT_TRUE(store_->fetch(digests, other, {}).value().empty());
  EXPECT_TRUE(other.missing(digests)->empty());
  EXPECT_LT(server_.sent, 1'800'000U);
}

TEST_F(CompressedTest, damaged_bytes_are_as_good_as_gone) {
  const std::vector digests{server_.memory.put(numbers(5'000)).value()};
  server_.damaging = true;
  object::MemoryStore into;
  EXPECT_EQ(store_->fetch(digests, into, {}).value(), digests);
}

TEST_F(ReapiStoreTest, of_a_servers_priorities_those_around_the_default_are_taken) {
  const auto asked = [this] { return ask_capabilities(server_.service(), "").value(); };
  EXPECT_EQ(std::pair(asked().least_priority, asked().most_priority), std::pair(0, 0));
  auto& known =
      *server_.capabilities.mutable_execution_capabilities()->mutable_execution_priority_capabilities();
  known.add_priorities()->set_min_priority(5);
  known.mutable_priorities(0)->set_max_priority(9);
  EXPECT_EQ(std::pair(asked().least_priority, asked().most_priority), std::pair(5, 9));
  known.add_priorities()->set_min_priority(-20);
  EXPECT_EQ(std::pair(asked().least_priority, asked().most_priority), std::pair(-20, 0));
}

}  // namespace
}  // namespace storage
