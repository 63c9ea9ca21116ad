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
