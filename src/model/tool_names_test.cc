#include "model/tool_names.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

#include <filesystem>

namespace model {
namespace {

using Paths = std::vector<std::string>;

class ToolsOnPathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"bin", "lib/llvm/bin", "alternatives"}) {
      std::filesystem::create_directories(at(folder));
    }
  }

  [[nodiscard]] std::string at(const std::string& name) const { return root_ + "/" + name; }

  void program(const std::string& name, const std::string& bytes = "\177ELF") {
    base::write_file_atomically(at(name), bytes);
    std::filesystem::permissions(at(name), std::filesystem::perms::owner_all);
  }

  void link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, at(name));
  }

  [[nodiscard]] Paths found(const std::string& path) const {
    return tools_on_path(path, [](const std::string& name) { return name == "generate"; });
  }

  [[nodiscard]] Paths found() const { return found(at("bin")); }

  base::TemporaryDirectory folder_;
  std::string root_ = base::real_path(folder_.path()).value();
};

TEST_F(ToolsOnPathTest, a_tool_is_named_by_the_file_behind_all_links) {
  program("bin/x86_64-linux-gnu-gcc-12");
  link("x86_64-linux-gnu-gcc-12", "bin/gcc-12");
  link("gcc-12", "bin/gcc");
  link(at("alternatives/cc"), "bin/cc");
  link(at("bin/gcc"), "alternatives/cc");
  program("lib/llvm/bin/llvm-ar");
  link("llvm-ar", "lib/llvm/bin/llvm-ranlib");
  link("../lib/./llvm/bin/llvm-ranlib", "bin/llvm-ranlib-14");
  EXPECT_EQ(found(), (Paths{at("bin/x86_64-linux-gnu-gcc-12"), at("lib/llvm/bin/llvm-ar")}));
}

TEST_F(ToolsOnPathTest, a_folder_that_is_a_link_counts_once) {
  program("bin/gcc");
  link("bin", "sbin");
  link("../bin", "lib/bin");
  EXPECT_EQ(found(at("sbin") + ":" + at("lib/bin") + ":" + at("bin") + ":" + at("absent")),
            Paths{at("bin/gcc")});
}

TEST_F(ToolsOnPathTest, what_leads_nowhere_is_no_tool) {
  link("clang", "bin/clang++");
  link("clang++", "bin/clang");
  link("g++", "bin/g++");
  link("nothing", "bin/gcc");
  link("/", "bin/cc");
  link("../../../../../../../..", "bin/ld");
  base::write_file_atomically(at("bin/as"), "not executable");
  std::filesystem::permissions(at("bin/as"), std::filesystem::perms::owner_read);
  EXPECT_EQ(found(), Paths{});
}

TEST_F(ToolsOnPathTest, a_name_counts_as_a_whole_or_behind_a_target) {
  for (const char* name :
       {"gcc", "arm-none-eabi-gcc", "gcc-13.2", "my-gcc", "xgcc", "-gcc", "gcc-old", "wordstrip"}) {
    program(std::string("bin/") + name);
  }
  EXPECT_EQ(found(), (Paths{at("bin/arm-none-eabi-gcc"), at("bin/gcc"), at("bin/gcc-13.2")}));
}

TEST_F(ToolsOnPathTest, what_is_described_is_a_tool_under_its_own_name) {
  program("bin/tool", "#!/bin/sh\n");
  link("tool", "bin/generate");
  link("tool", "bin/gcc");
  program("bin/nm", "#!/bin/sh\n");
  EXPECT_EQ(found(), (Paths{at("bin/nm"), at("bin/tool")}));
}

}  // namespace
}  // namespace model
