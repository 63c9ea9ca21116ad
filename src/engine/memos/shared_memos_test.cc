#include "engine/memos/shared_memos.hh"

#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <map>

namespace engine {
namespace {

// An exchange that remembers, and fails when it is told to.
class FakeExchange final : public MemoExchange {
 public:
  struct State {
    std::optional<base::Error> asking;   // what becomes of it
    std::optional<base::Error> telling;  // likewise
    int asked = 0;
    int told = 0;
    std::map<object::Digest, ir::Result> results;
  };

  explicit FakeExchange(State& state) : state_(state) {}

  [[nodiscard]] Pace pace() const override { return {1, std::chrono::milliseconds(0), 1}; }

  base::Result<std::optional<ir::Result>> ask(const object::Digest& thunk) override {
    ++state_.asked;
    if (state_.asking) {
      return tl::unexpected(*state_.asking);
    }
    const auto found = state_.results.find(thunk);
    return found == state_.results.end() ? std::nullopt : std::optional(found->second);
  }

  base::Result<void> tell(std::span<const Memo> memos, const base::StillWanted& /*wanted*/) override {
    ++state_.told;
    if (state_.telling) {
      return tl::unexpected(*state_.telling);
    }
    for (const Memo& memo : memos) {
      state_.results[memo.thunk] = memo.result;
    }
    return {};
  }

 private:
  State& state_;
};

class SharedMemosTest : public ::testing::Test {
 protected:
  std::unique_ptr<SharedMemos> memos() {
    return std::make_unique<SharedMemos>(
        own_, std::make_unique<FakeExchange>(state_), SharedMemos::Options(),
        [this](const std::string& message) { warnings_.push_back(message); });
  }

  const object::Digest known_ = object::hash("known");
  const std::string memo_ = ir::encode(ir::Result());
  FakeExchange::State state_;
  object::MemoryRecords own_;
  std::vector<std::string> warnings_;
};

TEST_F(SharedMemosTest, who_may_not_tell_is_warned_once_and_still_answered) {
  state_.telling = {"no", base::FailureKind::RetryElsewhere};
  state_.results[known_] = ir::Result();
  {
    const auto shared = memos();
    for (const char* thunk : {"a", "b", "c"}) {
      ASSERT_TRUE(shared->record(object::kMemoTable, object::hash(thunk), memo_));
    }
  }
  EXPECT_EQ(state_.told, 1);
  EXPECT_EQ(warnings_, std::vector<std::string>{"no; going on without telling others our results"});
  EXPECT_EQ(memos()->find(object::kMemoTable, known_).value(), memo_);
}

TEST_F(SharedMemosTest, an_exchange_that_is_gone_is_neither_asked_nor_told_again) {
  state_.asking = {"gone", base::FailureKind::RetryHere};
  {
    const auto shared = memos();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(shared->find(object::kMemoTable, known_).value(), std::nullopt);
    }
    ASSERT_TRUE(shared->record(object::kMemoTable, known_, memo_));
  }
  EXPECT_EQ(state_.asked, 1);
  EXPECT_EQ(state_.told, 0);
  EXPECT_EQ(warnings_, std::vector<std::string>{"gone; going on without the shared results"});
}

}  // namespace
}  // namespace engine
