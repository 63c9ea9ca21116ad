#include "testing/golden.hh"

#include "base/files.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <cstdlib>

namespace golden {

namespace {

bool accepting() {
  const char* accept = std::getenv("GG_ACCEPT");  // NOLINT(concurrency-mt-unsafe): before any thread
  return accept != nullptr && std::string_view(accept) == "1";
}

void expect_file(const std::string& path, std::string_view bytes) {
  if (accepting()) {
    base::write_file_atomically(path, bytes);
    return;
  }
  const auto held = base::read_file_if_there(path);
  ASSERT_TRUE(held) << path << " is not there; if the format is new, run this test with GG_ACCEPT=1";
  EXPECT_TRUE(*held == bytes) << path
                              << " differs from what is encoded now. A released format must not change: see "
                                 "spec/README.md before accepting it with GG_ACCEPT=1";
}

}  // namespace

void expect(const std::string& folder, const std::string& name, std::string_view bytes,
            const std::string& text) {
  expect_file(folder + "/" + name + ".bin", bytes);
  expect_file(folder + "/" + name + ".txt", "digest " + object::hash(bytes).to_string() + "\n" + text);
}

}  // namespace golden
