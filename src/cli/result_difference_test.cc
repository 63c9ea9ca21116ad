#include "cli/result_difference.hh"

#include "base/files.hh"
#include "cli/elf_section.hh"
#include "object/memory_store.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

#include <elf.h>

namespace cli {
namespace {

using Found = std::vector<ResultDifference>;

class ResultDifferences : public ::testing::Test {
 protected:
  object::File file(const std::string& bytes, bool executable = false) {
    return {store_.put(bytes).value(), executable};
  }

  object::Subdirectory directory(const std::string& name, const object::Entry& entry) {
    object::Directory directory;
    directory.entries.emplace(name, entry);
    return {store_.put(object::encode(directory)).value(), false};
  }

  // Of one output, "out".
  Found found(const object::Entry& before, const object::Entry& now) {
    ir::Result first;
    first.outputs.emplace("out", before);
    ir::Result second;
    second.outputs.emplace("out", now);
    second.timings.execute = std::chrono::seconds(1);
    return differences(store_, first, second);
  }

  object::MemoryStore store_;
};

TEST_F(ResultDifferences, the_first_different_byte_is_named) {
  EXPECT_EQ(found(file("same"), file("same")), Found{});
  EXPECT_EQ(found(file("one two"), file("one 2wo")),
            (Found{{"out", "the first different byte is at offset 4 of 7 bytes"}}));
  EXPECT_EQ(found(file("one"), file("one two")),
            (Found{{"out", "the first different byte is at offset 3 of 3 bytes before, 7 now"}}));
}

TEST_F(ResultDifferences, modes_kinds_and_folders_are_told_apart) {
  EXPECT_EQ(found(file("x", true), file("x")), (Found{{"out", "it was executable, it is not now"}}));
  EXPECT_EQ(found(file("x"), object::Symlink{"y"}), (Found{{"out", "it was a file, it is a symlink now"}}));
  EXPECT_EQ(found(directory("a", file("x")), directory("a", file("y"))),
            (Found{{"out", "in 'a': the first different byte is at offset 0 of 1 bytes"}}));
  EXPECT_EQ(found(directory("a", file("x")), directory("b", file("x"))),
            (Found{{"out", "in 'a': it was not made this time"}}));
}

TEST_F(ResultDifferences, streams_exit_status_and_absent_outputs_count) {
  ir::Result before;
  before.outputs.emplace("gone", file("x"));
  before.standard_error = store_.put("one").value();
  ir::Result now;
  now.outputs.emplace("new", file("x"));
  now.exit_code = 2;
  EXPECT_EQ(differences(store_, before, now),
            (Found{{"gone", "it was not made this time"},
                   {"new", "it was not made before"},
                   {"standard error", "the first different byte is at offset 0 of 3 bytes before, 0 now"},
                   {"exit status", "it was 0, it is 2 now"}}));
}

TEST(ElfSection, is_named_by_an_offset_into_it) {
  const std::string self = base::read_file("/proc/self/exe");
  const size_t interpreter = self.find(std::string("/lib64/ld-linux-x86-64.so.2"));
  ASSERT_NE(interpreter, std::string::npos);
  EXPECT_EQ(elf_section_at(self, interpreter), ".interp");
  EXPECT_EQ(elf_section_at(self, 0), "");
  EXPECT_EQ(elf_section_at(self, self.size()), "");
}

TEST(ElfSection, of_damaged_files_is_none) {
  std::string self = base::read_file("/proc/self/exe").substr(0, 100'000);
  EXPECT_EQ(elf_section_at(self, 5000), "");
  for (size_t at = EI_DATA; at < sizeof(Elf64_Ehdr); ++at) {
    std::string damaged = self;
    damaged[at] = '\xff';
    EXPECT_NO_THROW((void)elf_section_at(damaged, 5000));
  }
  EXPECT_EQ(elf_section_at("", 0), "");
  EXPECT_EQ(elf_section_at("\177ELF", 0), "");
}

}  // namespace
}  // namespace cli
