#include "base/probe_record.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

namespace {

struct ProbeRecordTest : testing::Test {
  base::TemporaryDirectory folder;
  std::string file = folder.path() + "/record";
};

TEST_F(ProbeRecordTest, NothingHoldsThatNobodyFound) {
  EXPECT_FALSE(base::ProbeRecord(file).holds("containers"));
}

TEST_F(ProbeRecordTest, AFindingHoldsForTheNextProcessOfThisStanding) {
  base::ProbeRecord(file).remember("containers");
  EXPECT_TRUE(base::ProbeRecord(file).holds("containers"));
  EXPECT_FALSE(base::ProbeRecord(file).holds("supervision"));
}

TEST_F(ProbeRecordTest, NothingHoldsOnceForgotten) {
  base::ProbeRecord record(file);
  record.remember("containers");
  record.forget();
  record.forget();
  EXPECT_FALSE(record.holds("containers"));
  EXPECT_FALSE(base::ProbeRecord(file).holds("containers"));
}

TEST_F(ProbeRecordTest, AFindingOfAnotherStandingDoesNotHold) {
  base::ProbeRecord(file).remember("containers");
  std::string text = base::read_file(file);
  const size_t capabilities = text.find("CapEff:");
  ASSERT_NE(capabilities, std::string::npos);
  text[text.find('\n', capabilities) - 1] ^= 1;
  base::write_file_atomically(file, text);
  EXPECT_FALSE(base::ProbeRecord(file).holds("containers"));
}

TEST_F(ProbeRecordTest, GarbageHoldsNothing) {
  base::write_file_atomically(file, "containers");
  EXPECT_FALSE(base::ProbeRecord(file).holds("containers"));
}

}  // namespace
