#include "ir/reduce.hh"

#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

namespace ir {
namespace {

using object::Directory;
using object::Entry;
using object::File;
using object::hash;
using object::Promise;
using object::Subdirectory;

class Reduce : public ::testing::Test {
 protected:
  object::Digest put(const Directory& directory) { return store_.put(object::encode(directory)).value(); }

  ReadDirectory read_ = [this](const object::Digest& digest) -> base::Result<Directory> {
    ++reads_;
    return object::decode_directory(store_.get(digest).value().value());
  };
  WriteDirectory write_ = [this](const Directory& directory) {
    return base::Result<object::Digest>(put(directory));
  };

  object::MemoryStore store_;
  int reads_ = 0;
};

TEST_F(Reduce, substitution_reaches_promises_at_any_depth_and_reads_no_subtree_that_owes_nothing) {
  const Promise promise{hash("t"), "o"};
  const object::Digest quiet = put({{{"f", File{hash("f"), false}}}});
  const object::Digest deep = put({{{"p", promise}}});
  const object::Digest root = put({{{"deep", Subdirectory{deep, true}},
                                    {"again", Subdirectory{deep, true}},
                                    {"quiet", Subdirectory{quiet, false}},
                                    {"q", Promise{hash("u"), "x"}}}});
  EXPECT_EQ(promises_in(root, read_).value().size(), 2U);
  EXPECT_EQ(reads_, 2);
  const auto concrete = [&](const Promise& p) -> std::optional<Entry> {
    return p == promise ? File{hash("one"), true} : File{hash("two"), false};
  };
  const object::Digest deep_done = put({{{"p", File{hash("one"), true}}}});
  const object::Digest expected = put({{{"deep", Subdirectory{deep_done, false}},
                                        {"again", Subdirectory{deep_done, false}},
                                        {"quiet", Subdirectory{quiet, false}},
                                        {"q", File{hash("two"), false}}}});
  EXPECT_EQ(substitute(root, read_, write_, concrete).value(), expected);
}

TEST_F(Reduce, an_output_that_was_not_made_is_named) {
  const object::Digest root = put({{{"p", Promise{hash("t"), "lost.o"}}}});
  const auto done = substitute(root, read_, write_, [](const Promise&) { return std::nullopt; });
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("lost.o"), std::string::npos);
  EXPECT_EQ(done.error().kind, base::FailureKind::Deterministic);
}

TEST_F(Reduce, a_tree_that_owes_nothing_stays_what_it_is_and_nothing_is_written) {
  const object::Digest root = put({{{"f", File{hash("f"), false}}}});
  const WriteDirectory never = [](const Directory&) -> base::Result<object::Digest> {
    return base::failure("written");
  };
  EXPECT_EQ(substitute(root, read_, never, [](const Promise&) { return std::nullopt; }).value(), root);
}

TEST_F(Reduce, what_still_owes_is_not_put_in_place_of_a_promise) {
  const object::Digest root = put({{{"p", Promise{hash("t"), "o"}}}});
  for (const Entry& entry : {Entry(Promise{hash("u"), "x"}), Entry(Subdirectory{root, true})}) {
    const auto done = substitute(root, read_, write_, [&](const Promise&) { return std::optional(entry); });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, base::FailureKind::Ours);
  }
}

TEST_F(Reduce, an_unreadable_directory_is_the_answer) {
  const ReadDirectory lost = [](const object::Digest&) -> base::Result<Directory> {
    return base::failure("gone", base::FailureKind::RetryHere);
  };
  EXPECT_EQ(promises_in(hash("r"), lost).error().message, "gone");
  EXPECT_EQ(substitute(hash("r"), lost, write_, [](const Promise&) { return std::nullopt; }).error().kind,
            base::FailureKind::RetryHere);
}

TEST_F(Reduce, a_tree_deeper_than_any_path_does_not_exhaust_the_stack) {
  constexpr int kDepth = 20'000;
  object::Digest root = put({{{"p", Promise{hash("t"), "o"}}}});
  object::Digest expected = put({{{"p", File{hash("f"), false}}}});
  for (int i = 0; i < kDepth; ++i) {
    root = put({{{"d", Subdirectory{root, true}}}});
    expected = put({{{"d", Subdirectory{expected, false}}}});
  }
  EXPECT_EQ(promises_in(root, read_).value().size(), 1U);
  const auto file = [](const Promise&) { return std::optional<Entry>(File{hash("f"), false}); };
  EXPECT_EQ(substitute(root, read_, write_, file).value(), expected);
}

}  // namespace
}  // namespace ir
