#include "engine/memos/stored_memos.hh"

#include "engine/memos/shared_memos.hh"
#include "object/hash.hh"
#include "object/memory_memos.hh"
#include "object/memory_store.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

using std::chrono::milliseconds;

// One user: a store and records of their own.
struct User {
  object::MemoryStore here;
  object::MemoryRecords own;
  std::vector<std::string> warnings;
};

class StoredMemosTest : public ::testing::Test {
 protected:
  std::unique_ptr<SharedMemos> memos_of(User& user, MemoExchange::Pace pace = {}) {
    return std::make_unique<SharedMemos>(
        user.own, std::make_unique<StoredMemos>(user.here, there_, pace), SharedMemos::Options(),
        [&user](const std::string& message) { user.warnings.push_back(message); });
  }

  // A file, a directory with one below, and a warning.
  static ir::Result result_of(User& user) {
    object::Directory below;
    below.entries.emplace("f", object::File{user.here.put("deep").value(), true});
    object::Directory directory;
    directory.entries.emplace("below",
                              object::Subdirectory{user.here.put(object::encode(below)).value(), false});
    ir::Result result;
    result.outputs.emplace("a.o", object::File{user.here.put("object").value(), false});
    result.outputs.emplace("d",
                           object::Subdirectory{user.here.put(object::encode(directory)).value(), false});
    result.standard_error = user.here.put("warning").value();
    return result;
  }

  const object::Digest thunk_ = object::hash("thunk");
  object::MemoryMemos there_;
  User first_;
  User second_;
};

TEST_F(StoredMemosTest, what_one_has_found_out_another_knows_with_all_outputs) {
  const ir::Result result = result_of(first_);
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, thunk_, ir::encode(result)));
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk_).value(), ir::encode(result));
  for (const char* bytes : {"object", "deep", "warning"}) {
    EXPECT_TRUE(second_.here.missing(std::vector{object::hash(bytes)})->empty()) << bytes;
  }
  EXPECT_EQ(second_.own.find(object::kMemoTable, thunk_).value(), ir::encode(result)) << "kept for next time";
}

TEST_F(StoredMemosTest, a_result_with_an_output_gone_anywhere_is_none) {
  ASSERT_TRUE(memos_of(first_)->record(object::kMemoTable, thunk_, ir::encode(result_of(first_))));
  there_.memory.forget(object::hash("deep"));
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk_).value(), std::nullopt);
  EXPECT_TRUE(second_.warnings.empty());
}

TEST_F(StoredMemosTest, a_memo_that_names_no_result_is_none) {
  there_.results[thunk_] = there_.memory.put("no result").value();
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk_).value(), std::nullopt);
}

TEST_F(StoredMemosTest, a_result_that_others_may_not_believe_is_not_believed) {
  ir::Result failed = result_of(first_);
  failed.exit_code = 1;
  there_.results[thunk_] = there_.memory.put(ir::encode(failed)).value();
  EXPECT_EQ(memos_of(second_)->find(object::kMemoTable, thunk_).value(), std::nullopt);
}

TEST_F(StoredMemosTest, what_is_gone_here_is_not_told_and_the_rest_is) {
  ir::Result gone;
  gone.outputs.emplace("a.o", object::File{object::hash("gone"), false});
  StoredMemos memos(first_.here, there_, {});
  ASSERT_TRUE(memos.tell(
      std::vector<MemoExchange::Memo>{{object::hash("other"), gone}, {thunk_, result_of(first_)}}, {}));
  EXPECT_EQ(there_.results.size(), 1U);
  EXPECT_EQ(there_.results.count(thunk_), 1U);
}

TEST_F(StoredMemosTest, results_that_come_together_are_told_together) {
  {
    const auto memos = memos_of(first_, {100, std::chrono::minutes(1), 1});
    for (int i = 0; i < 50; ++i) {
      const object::Digest thunk = object::hash("thunk " + std::to_string(i));
      ASSERT_TRUE(memos->record(object::kMemoTable, thunk, ir::encode(result_of(first_))));
    }
  }
  EXPECT_EQ(there_.results.size(), 50U);
  EXPECT_EQ(there_.told, 1) << "at the end, without lingering";
}

}  // namespace
}  // namespace engine
