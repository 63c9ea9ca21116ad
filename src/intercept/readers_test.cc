#include "intercept/readers.hh"

#include <gtest/gtest.h>

namespace intercept {
namespace {

TEST(Readers, libraries_and_sources_have_no_programs_names) {
  for (const char* path :
       {"/lib/x86_64-linux-gnu/libz.so.1.2.13", "/lib/libc.so.6", "libfoo.so", "src/a.c",
        "b/CMakeLists.cmake", "/etc/ld.so.cache", "/usr/lib/locale/C.utf8/LC_TIME", "../x.d", "gcc.h"}) {
    EXPECT_TRUE(is_no_programs_name(path)) << path;
  }
}

TEST(Readers, whatever_may_be_a_tool_or_a_link_to_one_is_looked_at) {
  for (const char* path : {"/usr/bin/gcc", "/usr/bin/gcc-12.2", "ld.bfd", "cc.exe", "my.cc/cc",
                           "/usr/lib/x.so.d/as", "a.out", ".a", "", "/", "."}) {
    EXPECT_FALSE(is_no_programs_name(path)) << path;
  }
}

TEST(Readers, a_busybox_is_what_it_is_called) {
  EXPECT_TRUE(only_moves_bytes("busybox", {"busybox", "cp", "a", "b"}));
  EXPECT_TRUE(only_moves_bytes("busybox", {"/bin/mv", "a", "b"}));
  EXPECT_FALSE(only_moves_bytes("busybox", {"busybox", "cat", "cp"}));
  EXPECT_TRUE(only_moves_bytes("cmake", {"cmake", "-E", "copy", "a", "b"}));
  EXPECT_FALSE(only_moves_bytes("cmake", {"cmake", "-E", "cat", "a"}));
}

}  // namespace
}  // namespace intercept
