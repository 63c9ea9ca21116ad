#include "testing/golden.hh"

#include "base/quote.hh"
#include "ir/dynamic.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"
#include "testing/describe.hh"

#include <gtest/gtest.h>

// The bytes that version 1 of each format has, for ever (spec/README.md).
namespace ir {
namespace {

using object::Directory;
using object::File;
using object::hash;
using object::Promise;
using object::Subdirectory;
using object::Symlink;

// Writing and reading both: what was released has to be read by every later gg.
template <class Value, class Decode>
void expect_golden(const std::string& name, const Value& value, Decode decode) {
  const std::string bytes = encode(value);
  golden::expect(GOLDENS, name, bytes, golden::describe(value));
  const auto read = decode(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, value);
}

TEST(Golden, directories) {
  expect_golden("directory_empty", Directory{}, object::decode_directory);
  expect_golden("directory_plain",
                Directory{{{"Makefile", File{hash("all:\n"), false}},
                           {"configure", File{hash("#!/bin/sh\n"), true}},
                           {"latest", Symlink{"../v2/latest"}},
                           {"src", Subdirectory{hash(""), false}}}},
                object::decode_directory);
  expect_golden("directory",
                Directory{{{"a b", File{hash("1"), false}},
                           {"a-b", Promise{hash("thunk"), "a-b"}},
                           {"a.o", Promise{hash("thunk"), "../out/a.o"}},
                           {"include", Subdirectory{hash("tree"), true}},
                           {"lib", Subdirectory{hash("other tree"), false}},
                           {"not utf-8 \xFF\n", File{hash("2"), true}},
                           {"zlib.h", Symlink{"/usr/include/zlib.h"}}}},
                object::decode_directory);
}

TEST(Golden, commands) {
  expect_golden("command_minimal", Command{{"/bin/true"}, {}, "", {}}, decode_command);
  expect_golden("command",
                Command{{"/usr/bin/gcc", "-c", "-DNAME=\"a b\"", "", "not utf-8 \xFF.c", "-o", "../out/a.o"},
                        {{"EMPTY", ""}, {"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}},
                        "home/user/project/src",
                        {"../out/a.o", "a.d"}},
                decode_command);
}

TEST(Golden, thunks) {
  expect_golden("thunk", Thunk{hash("command"), hash("root"), {}}, decode_thunk);
  expect_golden("thunk_platform",
                Thunk{hash("command"), hash("root"), {{"ISA", "x86-64"}, {"OSFamily", "linux"}}},
                decode_thunk);
}

TEST(Golden, returned) {
  const Returned returned{{"work/out", {hash("thunk"), "out"}},
                          {"work/tree/not utf-8 \xFF", {hash("other thunk"), "../x"}}};
  std::string bytes;
  std::string text;
  for (const auto& [path, promise] : returned) {
    bytes += encode_returned(path, promise);
    text += golden::describe(Directory{{{"at", promise}}}) + "path " + base::printable(path) + "\n";
  }
  golden::expect(GOLDENS, "returned", bytes, text);
  EXPECT_EQ(decode_returned(bytes), returned);
}

TEST(Golden, results) {
  Result failed;
  failed.exit_code = 1;
  failed.standard_error = hash("a.c:1: error\n");
  expect_golden("result_failed", failed, decode_result);

  Result full;
  full.outputs = {{"../out/a.o", File{hash("object"), false}}, {"app", File{hash("program"), true}},
                  {"doc", Subdirectory{hash("tree"), false}},  {"gen", Subdirectory{hash("owing"), true}},
                  {"later", Promise{hash("thunk"), "x/y"}},    {"libz.so", Symlink{"libz.so.1"}}};
  full.standard_output = hash("done\n");
  full.standard_error = hash("warning\n");
  full.timings = {std::chrono::nanoseconds(1), std::chrono::milliseconds(700), std::chrono::nanoseconds(3),
                  std::chrono::nanoseconds(4), std::chrono::nanoseconds(5),    uint64_t{1} << 31U};
  expect_golden("result", full, decode_result);

  Result fetched;
  fetched.timings.fetch = std::chrono::nanoseconds(6);
  expect_golden("result_fetched", fetched, decode_result);

  Result queued;
  queued.timings.queued = std::chrono::nanoseconds(7);
  queued.timings.worker = "worker-3";
  expect_golden("result_queued", queued, decode_result);
}

}  // namespace
}  // namespace ir
