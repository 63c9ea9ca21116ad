#include "model/findings.hh"

#include "base/files.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <functional>

namespace model {
namespace {

constexpr const char* kQuestion = "which as?";

class FindingsTest : public ::testing::Test {
 protected:
  // As far from now as the test likes: paths that changed lately are not gone by.
  class ShiftedClock final : public base::Clock {
   public:
    [[nodiscard]] base::Nanoseconds wall() const override { return base::SystemClock().wall() + shift; }

    [[nodiscard]] base::Nanoseconds steady() const override { return base::SystemClock().steady(); }

    base::Nanoseconds shift = std::chrono::hours(1);
  };

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  void keep(const std::set<std::string>& rests_on) {
    findings_.keep(kQuestion, {"this one", rests_on}, findings_.now());
  }

  // After `change` to what it rests on.
  [[nodiscard]] bool holds_after(const std::function<void()>& change) {
    keep({path(""), path("as"), path("absent/specs")});
    EXPECT_EQ(findings_.find(kQuestion).value_or(Finding{}).answer, "this one");
    change();
    return findings_.find(kQuestion).has_value();
  }

  base::TemporaryDirectory folder_{"/tmp", "gg-test-"};
  object::MemoryRecords records_;
  ShiftedClock clock_;
  Findings findings_{records_, clock_};
};

TEST_F(FindingsTest, a_finding_holds_while_nothing_that_it_rests_on_changes) {
  base::write_file_atomically(path("as"), "one");
  EXPECT_TRUE(holds_after([] {}));
  EXPECT_EQ(findings_.find(kQuestion)->rests_on,
            (std::set<std::string>{path(""), path("as"), path("absent/specs")}));
  EXPECT_EQ(findings_.find("another question"), std::nullopt);
}

TEST_F(FindingsTest, it_no_longer_holds_when_a_path_changes_comes_or_goes) {
  base::write_file_atomically(path("as"), "one");
  EXPECT_FALSE(holds_after([&] { base::write_file_atomically(path("as"), "two"); })) << "replaced";
  EXPECT_FALSE(holds_after([&] { ::chmod(path("as").c_str(), 0600); })) << "its mode";
  EXPECT_FALSE(holds_after([&] { base::write_file_atomically(path("ld"), ""); })) << "the folder's names";
  EXPECT_FALSE(holds_after([&] { ::unlink(path("as").c_str()); })) << "gone";
  EXPECT_FALSE(holds_after([&] {
    base::make_directories(path("absent"));
    base::write_file_atomically(path("absent/specs"), "");
  })) << "come";
}

TEST_F(FindingsTest, what_rests_on_a_fresh_path_is_not_kept) {
  base::write_file_atomically(path("as"), "one");
  clock_.shift = -std::chrono::seconds(1);  // asked before it came
  keep({path("as")});
  EXPECT_EQ(findings_.find(kQuestion), std::nullopt);
}

}  // namespace
}  // namespace model
