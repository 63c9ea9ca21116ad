#include "sched/durations.hh"

#include <gtest/gtest.h>

namespace sched {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Durations, know_a_label_better_than_its_kind_and_that_better_than_nothing) {
  Durations durations;
  EXPECT_FALSE(durations.has_learnt());
  EXPECT_EQ(durations.weight("compile", "compile a.c"), 1U);
  durations.learn("compile", "compile a.c", milliseconds{3000});
  EXPECT_TRUE(durations.has_learnt());
  durations.learn("link", "link x", milliseconds{500});
  EXPECT_EQ(durations.weight("compile", "compile a.c"), 3000U);
  EXPECT_EQ(durations.weight("compile", "compile new.c"), 3000U);
  EXPECT_EQ(durations.weight("link", ""), 500U);
  EXPECT_EQ(durations.weight("test", "test y"), 1750U);  // of all
}

TEST(Durations, forget_what_was_long_ago) {
  Durations durations;
  durations.learn("", "a", milliseconds{1024});
  for (int times = 0; times < 12; ++times) {
    durations.learn("", "a", milliseconds{10});
  }
  EXPECT_LE(durations.weight("", "a"), 14U);
}

TEST(Durations, are_never_nothing_and_never_beyond_a_month) {
  Durations durations;
  durations.learn("k", "short", base::Nanoseconds(1));
  durations.learn("k", "long", hours{24 * 365});
  EXPECT_EQ(durations.weight("k", "short"), 1U);
  EXPECT_EQ(durations.weight("k", "long"), 30U * 24 * 3600 * 1000);
  for (int times = 0; times < 3; ++times) {
    durations.learn("k", "short", base::Nanoseconds(1));
  }
  EXPECT_LE(durations.weight("k", "short"), 2U);
}

TEST(Durations, come_back_from_text) {
  Durations durations;
  durations.learn("compile", "compile a b.c", milliseconds{30});
  durations.learn("odd\nkind", "odd\nlabel", milliseconds{30});
  const std::string text = durations.encode();
  EXPECT_EQ(text, "gg durations 1\nkind 30 \nkind 30 compile\nlabel 30 compile a b.c\n");
  const Durations again = Durations::decode(text);
  EXPECT_EQ(again.encode(), text);
  EXPECT_FALSE(again.has_learnt());
}

TEST(Durations, of_labels_that_are_too_many_keep_the_latest) {
  Durations old;
  for (const char* label : {"a", "b", "c"}) {
    old.learn("", label, milliseconds{5});
  }
  Durations durations = Durations::decode(old.encode());
  durations.learn("", "c", milliseconds{5});
  durations.learn("", "d", milliseconds{5});
  const Durations kept = Durations::decode(durations.encode(3));
  EXPECT_EQ(kept.encode().find("label 5 b"), std::string::npos);
  for (const char* label : {"label 5 a", "label 5 c", "label 5 d"}) {
    EXPECT_NE(kept.encode().find(label), std::string::npos) << label << kept.encode();
  }
}

TEST(Durations, pass_over_what_they_do_not_understand) {
  EXPECT_EQ(Durations::decode("").encode(), "gg durations 1\n");
  EXPECT_EQ(Durations::decode("gg durations 2\nkind 5 a\n").encode(), "gg durations 1\n");
  EXPECT_EQ(Durations::decode(
                "gg durations 1\nkind x a\nkind 0 b\nkind -1 c\nkind 5x d\nother 5 e\nlabel\n\nkind 7 f")
                .encode(),
            "gg durations 1\nkind 7 f\n");
}

}  // namespace
}  // namespace sched
