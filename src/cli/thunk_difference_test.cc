#include "cli/thunk_difference.hh"

#include "base/errors.hh"
#include "exec/tree_builder.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

class Differences : public ::testing::Test {
 protected:
  Differences() {
    command_.arguments = {"gcc", "-O1", "-c", "a.c"};
    command_.environment = {{"PATH", "/usr/bin"}};
    command_.working_directory = "p";
    command_.output_paths = {"a.o"};
    tree_.file("p/a.c", "int a;").file("usr/bin/gcc", "the driver", true).file("usr/include/x.h", "x");
  }

  object::Digest thunk() { return thunk_on(tree_); }

  object::Digest thunk_on(const exec::TreeBuilder& tree) {
    const ir::Thunk thunk{store_.put(ir::encode(command_)).value(), tree.root(), {}};
    return store_.put(ir::encode(thunk)).value();
  }

  // The sentences about what has changed since `before`.
  std::vector<std::string> since(const object::Digest& before) { return between(before, thunk()); }

  std::vector<std::string> between(const object::Digest& before, const object::Digest& now) {
    std::vector<std::string> sentences;
    for (const ThunkDifference& difference : differences(store_, records_, before, now)) {
      sentences.push_back(sentence(difference));
    }
    return sentences;
  }

  void remember(const object::Digest& thunk, const std::string& output, const std::string& bytes) {
    ir::Result result;
    result.outputs.emplace(output, object::File{store_.put(bytes).value()});
    ASSERT_TRUE(records_.record(object::kMemoTable, thunk, ir::encode(result)));
  }

  object::MemoryStore store_;
  object::MemoryRecords records_;
  exec::TreeBuilder tree_{store_};
  ir::Command command_;
};

using Sentences = std::vector<std::string>;

TEST_F(Differences, a_thunk_is_the_same_as_itself) {
  EXPECT_EQ(since(thunk()), Sentences{});
}

TEST_F(Differences, words_that_came_and_went_are_named_in_order) {
  const object::Digest before = thunk();
  command_.arguments = {"gcc", "-O2", "-DX", "-c", "a.c"};
  EXPECT_EQ(since(before), (Sentences{"the word -O1 became -O2", "the word -DX is new"}));
}

TEST_F(Differences, another_order_of_the_same_words_is_one) {
  const object::Digest before = thunk();
  command_.arguments = {"gcc", "-c", "-O1", "a.c"};
  EXPECT_EQ(since(before), Sentences{"the word gcc -O1 -c a.c became gcc -c -O1 a.c"});
}

TEST_F(Differences, variables_directory_and_outputs_are_named_with_both_values) {
  const object::Digest before = thunk();
  command_.environment = {{"LC_CTYPE", "C.UTF-8"}, {"PATH", "/bin"}};
  command_.working_directory = "q";
  command_.output_paths = {"b.o"};
  EXPECT_EQ(since(before),
            (Sentences{"the variable LC_CTYPE is new: C.UTF-8", "the variable PATH: /usr/bin became /bin",
                       "the working directory /p became /q", "the output a.o became b.o"}));
}

TEST_F(Differences, inputs_that_changed_came_and_went_are_named_programs_first) {
  const object::Digest before = thunk();
  exec::TreeBuilder other(store_);
  other.file("p/a.c", "int b;").file("p/deep/new/y.h", "y").file("usr/bin/gcc", "a newer one", true);
  EXPECT_EQ(between(before, thunk_on(other)),
            (Sentences{"the program /usr/bin/gcc changed", "the input /p/a.c changed",
                       "the input /p/deep/new/y.h is new", "the input /usr/include/x.h is gone"}));
}

TEST_F(Differences, an_empty_folder_that_came_is_an_input) {
  const object::Digest before = thunk();
  tree_.entry("opt", object::Subdirectory{store_.put(object::encode(object::Directory())).value()});
  EXPECT_EQ(since(before), Sentences{"the input /opt is new"});
}

TEST_F(Differences, a_promise_counts_as_what_its_memo_says) {
  const object::Digest maker = object::hash("maker");
  tree_.file("p/a.o", "made");
  const object::Digest before = thunk();
  tree_.entry("p/a.o", object::Promise{maker, "a.o"});
  EXPECT_EQ(since(before), Sentences{"the input /p/a.o changed"});
  remember(maker, "a.o", "made");
  EXPECT_EQ(since(before), Sentences{});
  remember(maker, "a.o", "made otherwise");
  EXPECT_EQ(since(before), Sentences{"the input /p/a.o changed"});
}

TEST_F(Differences, a_thunk_that_was_collected_is_an_error_that_says_so) {
  EXPECT_THROW((void)differences(store_, records_, object::hash("gone"), thunk()), base::OperatorError);
}

}  // namespace
}  // namespace cli
