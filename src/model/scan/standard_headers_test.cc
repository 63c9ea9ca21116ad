#include "model/scan/oracle.hh"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>

namespace model::scan {
namespace {

struct Unit {
  const char* language;
  const char* standard;
  const char* headers;  // separated by spaces
};

// Combinations that reach far into the C library, the C++ library and Linux.
constexpr std::array kUnits = {
    Unit{"c", "-std=gnu17", "stdio.h stdlib.h string.h"},
    Unit{"c", "-std=c89", "stdio.h stdlib.h string.h math.h"},
    Unit{"c", "-std=c99", "stdint.h inttypes.h complex.h tgmath.h"},
    Unit{"c", "-std=c11", "stdatomic.h threads.h stdalign.h stdnoreturn.h"},
    Unit{"c", "-std=gnu11", "unistd.h sys/types.h sys/stat.h fcntl.h"},
    Unit{"c", "-std=gnu99", "sys/socket.h netinet/in.h arpa/inet.h netdb.h"},
    Unit{"c", "-std=gnu17", "pthread.h semaphore.h sched.h signal.h"},
    Unit{"c", "-std=c17", "errno.h limits.h float.h locale.h"},
    Unit{"c", "-std=gnu2x", "time.h wchar.h wctype.h uchar.h"},
    Unit{"c", "-std=gnu17", "sys/epoll.h sys/eventfd.h sys/signalfd.h sys/timerfd.h"},
    Unit{"c", "-std=gnu17", "linux/if.h linux/netlink.h linux/rtnetlink.h"},
    Unit{"c", "-std=gnu17", "linux/input.h linux/fb.h linux/videodev2.h"},
    Unit{"c", "-std=gnu17", "sys/mman.h sys/resource.h sys/wait.h sys/ptrace.h"},
    Unit{"c", "-std=gnu17", "immintrin.h"},
    Unit{"c", "-std=gnu17", "dirent.h glob.h fnmatch.h ftw.h regex.h"},
    Unit{"c", "-std=gnu17", "zlib.h"},
    Unit{"c", "-std=gnu17", "dlfcn.h elf.h link.h"},
    Unit{"c", "-std=gnu17", "linux/perf_event.h linux/seccomp.h linux/filter.h linux/bpf.h"},
    Unit{"c", "-ansi", "assert.h ctype.h setjmp.h stdarg.h stddef.h"},
    Unit{"c", "-std=gnu17", "stdio.h assert.h stdio.h assert.h"},
    Unit{"c", "-ffreestanding", "stddef.h stdint.h stdarg.h limits.h float.h"},
    Unit{"c", "-O2 -D_FORTIFY_SOURCE=2", "stdio.h string.h unistd.h"},
    Unit{"c", "-m32", "stddef.h stdarg.h"},
    Unit{"c++", "-std=gnu++17", "iostream"},
    Unit{"c++", "-std=c++98", "iostream vector map string algorithm"},
    Unit{"c++", "-std=c++11", "thread mutex condition_variable future atomic"},
    Unit{"c++", "-std=c++14", "memory functional utility tuple type_traits"},
    Unit{"c++", "-std=c++17", "filesystem optional variant any string_view"},
    Unit{"c++", "-std=c++20", "ranges concepts span bit compare numbers"},
    Unit{"c++", "-std=c++20", "coroutine"},
    Unit{"c++", "-std=gnu++20", "chrono format"},
    Unit{"c++", "-std=gnu++20", "barrier latch semaphore stop_token"},
    Unit{"c++", "-std=gnu++20", "source_location version"},
    Unit{"c++", "-std=c++2b", "expected spanstream stacktrace"},
    Unit{"c++", "-std=gnu++17", "regex random complex valarray numeric"},
    Unit{"c++", "-std=gnu++17", "execution"},
    Unit{"c++", "-std=gnu++17", "bits/stdc++.h"},
    Unit{"c++", "-std=gnu++17", "cmath cstdlib cstdio cstring cstdint cinttypes"},
    Unit{"c++", "-std=gnu++17", "ext/pb_ds/assoc_container.hpp"},
    Unit{"c++", "-std=gnu++17 -pthread", "shared_mutex list deque set unordered_map unordered_set"},
    Unit{"c++", "-std=gnu++17", "fstream sstream iomanip locale codecvt"},
    Unit{"c++", "-std=gnu++17", "memory_resource charconv scoped_allocator typeindex"},
    Unit{"c++", "-std=gnu++17", "tr1/memory tr1/functional tr1/unordered_map"},
    Unit{"c++", "-std=gnu++17", "experimental/filesystem experimental/optional"},
    Unit{"c++", "-std=gnu++17", "parallel/algorithm"},
    Unit{"c++", "-std=gnu++17", "math.h stdlib.h complex.h"},
    Unit{"c++", "-std=gnu++11", "openssl/evp.h openssl/ssl.h"},
    Unit{"c++", "-std=gnu++17", "gtest/gtest.h"},
    Unit{"c++", "-std=gnu++17", "gmock/gmock.h"},
    Unit{"c++", "-std=gnu++17", "fmt/format.h fmt/chrono.h fmt/ranges.h"},
    Unit{"c++", "-std=gnu++20", "iostream fmt/format.h"},
    Unit{"c++", "-std=gnu++17", "google/protobuf/message.h"},
    Unit{"c++", "-std=gnu++17", "benchmark/benchmark.h"},
    Unit{"c", "-std=gnu17", "sqlite3.h curl/curl.h"},
    Unit{"c", "-std=gnu17", "zstd.h seccomp.h"},
    Unit{"c++", "-std=gnu++17", "asio.hpp"},
    Unit{"c++", "-std=gnu++17", "nlohmann/json.hpp"},
    Unit{"assembler-with-cpp", "-DX=1", "asm/unistd.h features.h"},
};

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Every `stride`th of them.
void compare(const std::string& gcc, const std::string& gxx, size_t stride) {
  const base::TemporaryDirectory folder;
  Disk disk;
  Oracle oracle(disk);
  size_t compared = 0;
  for (size_t i = 0; i < kUnits.size(); i += stride) {
    const Unit& unit = kUnits[i];
    Case c;
    c.language = unit.language;
    c.program = c.language == "c++" ? gxx : gcc;
    for (const std::string& option : words(unit.standard)) {
      option.starts_with("-D") ? c.macros.push_back({MacroAction::What::Define, option.substr(2)})
                               : c.dialect.push_back(option);
    }
    std::string text;
    for (const std::string& header : words(unit.headers)) {
      text += "#include <" + header + ">\n";
    }
    write_tree(folder.path(), {{"main.c", text}});
    const auto wanted = Oracle::compiler(c, folder.path());
    if (!wanted) {
      std::cout << "not compared: " << c.program << " does not have " << unit.headers << "\n";
      continue;
    }
    ++compared;
    EXPECT_EQ(oracle.scanned(c, folder.path()), *wanted) << c.program << " " << unit.standard << "\n" << text;
  }
  EXPECT_GT(compared, kUnits.size() / stride / 2);
}

void compare_with_clang(size_t stride) {
  if (Disk().look("/usr/bin/clang-14").what == Look::What::File) {
    compare("/usr/bin/clang-14", "/usr/bin/clang++-14", stride);
  } else if (std::getenv("CI") != nullptr) {
    ADD_FAILURE() << "there is no /usr/bin/clang-14";
  } else {
    GTEST_SKIP() << "there is no /usr/bin/clang-14";
  }
}

// Each unit costs a run of the compiler; all of them run under the label `slow`.
TEST(StandardHeaders, some_read_the_same_files_as_gcc) {
  compare("/usr/bin/gcc", "/usr/bin/g++", 4);
}

TEST(StandardHeaders, some_read_the_same_files_as_clang) {
  compare_with_clang(12);
}

TEST(StandardHeaders, DISABLED_all_read_the_same_files_as_gcc) {
  compare("/usr/bin/gcc", "/usr/bin/g++", 1);
}

TEST(StandardHeaders, DISABLED_all_read_the_same_files_as_clang) {
  compare_with_clang(1);
}

}  // namespace
}  // namespace model::scan
