#include "engine/reapi/input_sender.hh"

#include "object/hash.hh"
#include "object/memory_remote.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace engine {
namespace {

class InputSenderTest : public ::testing::Test {
 protected:
  InputSenderTest() {
    object::Directory below;
    below.entries.emplace("f", object::File{here_.put("file").value(), false});
    below.entries.emplace("l", object::Symlink{"f"});
    object::Directory top;
    top.entries.emplace("sub", object::Subdirectory{here_.put(object::encode(below)).value(), false});
    action_.input_root = here_.put(object::encode(top)).value();
    action_.command = here_.put("command").value();
    action_.action = here_.put("action").value();
  }

  bool was_sent(const std::string& bytes) const {
    return std::find(there_.sent.begin(), there_.sent.end(), object::hash(bytes)) != there_.sent.end();
  }

  base::SystemClock clock_;
  object::MemoryStore here_;
  object::MemoryRemote there_;
  Lowered action_;
  InputSender sender_{here_, there_, clock_};
};

TEST_F(InputSenderTest, all_below_the_root_goes_there_with_command_and_action) {
  ASSERT_TRUE(sender_.send(action_, InputSender::Trust::Leases, {}));
  EXPECT_EQ(there_.sent.size(), 5U);
  EXPECT_TRUE(was_sent("file"));
  EXPECT_FALSE(was_sent("f")) << "the target of a symlink";
}

TEST_F(InputSenderTest, what_was_whole_is_believed_until_somebody_says_otherwise) {
  ASSERT_TRUE(sender_.send(action_, InputSender::Trust::Leases, {}));
  there_.memory.forget(object::hash("file"));
  ASSERT_TRUE(sender_.send(action_, InputSender::Trust::Leases, {}));
  EXPECT_FALSE(there_.memory.missing(std::vector{object::hash("file")})->empty());
  ASSERT_TRUE(sender_.send(action_, InputSender::Trust::Nothing, {}));
  EXPECT_TRUE(there_.memory.missing(std::vector{object::hash("file")})->empty());
  EXPECT_GE(there_.distrusted.size(), 5U);
  EXPECT_TRUE(was_sent("f")) << "a server may want the targets of symlinks";
}

TEST_F(InputSenderTest, what_neither_side_has_is_lost) {
  here_.forget(object::hash("file"));
  const auto sent = sender_.send(action_, InputSender::Trust::Leases, {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().lost, std::vector{object::hash("file")});
  here_.forget(action_.input_root);
  EXPECT_EQ(sender_.send(action_, InputSender::Trust::Leases, {}).error().lost,
            std::vector{action_.input_root});
}

}  // namespace
}  // namespace engine
