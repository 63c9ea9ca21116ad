#include "wire/message.hh"

#include "base/quote.hh"
#include "object/hash.hh"
#include "testing/golden.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace wire {
namespace {

using object::hash;
using std::chrono::nanoseconds;

Invocation invocation() {
  Invocation one;
  one.thunk = hash("thunk");
  one.packs = {{"a", 1000, "https://host/a?X-Amz-Signature=0", {}},
               {"b",
                2000,
                "http://127.0.0.1:7070/b?X-Amz-Signature=1",
                {{hash("one"), 14, 3, object::PackEncoding::Plain},
                 {hash("two"), 17, 1983, object::PackEncoding::Zstd}}}};
  one.objects = {"thunk", "", "not utf-8 \xFF"};
  one.output = {"c.0000000000000007", "https://host/c?X-Amz-Signature=2"};
  one.time = std::chrono::seconds(60);
  one.memory_bytes = uint64_t{2} << 30U;
  one.disk_bytes = uint64_t{1} << 30U;
  one.inline_bytes = 65'536;
  one.tell_memo = true;
  return one;
}

Answer answer() {
  ir::Result result;
  result.outputs.emplace("a.o", object::File{hash("object"), false});
  result.timings.execute = nanoseconds(3);
  return {Made{result, WrittenPack{300, "index and footer"}, {"object", "encoded result"}},
          {nanoseconds(1), nanoseconds(2), nanoseconds(3), nanoseconds(4)},
          "worker-1",
          "container"};
}

Answer failed() {
  return {
      Failed{{"no pack has it", base::FailureKind::RetryHere}, {hash("gone")}}, {}, "worker-1", "container"};
}

std::string text_of(std::string_view bytes) {
  return base::printable(bytes) + "\n";
}

TEST(Message, is_what_it_was) {
  golden::expect(GOLDENS, "invocation", encode(invocation()), text_of(encode(invocation())));
  golden::expect(GOLDENS, "answer", encode(answer()), text_of(encode(answer())));
  golden::expect(GOLDENS, "answer_failed", encode(failed()), text_of(encode(failed())));
  golden::expect(GOLDENS, "answer_beat", encode_beat(), text_of(encode_beat()));
  const Worker worker{"worker-1", 4, "x86_64", "container"};
  golden::expect(GOLDENS, "worker", encode(worker), text_of(encode(worker)));
  EXPECT_EQ(decode_worker(encode(worker)).value(), worker);
}

TEST(Message, what_was_said_is_heard) {
  EXPECT_EQ(decode_invocation(encode(invocation())).value(), invocation());
  EXPECT_EQ(decode_answer(encode(answer())).value(), answer());
  EXPECT_EQ(decode_answer(encode(failed())).value(), failed());
  for (const auto kind : {base::FailureKind::RetryHere, base::FailureKind::RetryElsewhere,
                          base::FailureKind::Deterministic, base::FailureKind::Ours}) {
    const Answer one{Failed{{"why", kind}, {}}, {}, "", ""};
    EXPECT_EQ(decode_answer(encode(one)).value(), one);
  }
}

TEST(Message, beats_may_come_before_an_answer_but_are_none) {
  const std::string body = as_body(encode_beat()) + as_body(encode_beat()) + as_body(encode(answer()));
  EXPECT_EQ(decode_answer(from_body(body).value()).value(), answer());
  EXPECT_FALSE(decode_answer(from_body(as_body(encode_beat())).value()));
  EXPECT_FALSE(decode_answer(""));
}

TEST(Message, another_release_is_told_by_its_version) {
  std::string bytes = encode(answer());
  bytes[1] = 2;
  const auto read = decode_answer(bytes);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("version 2"), std::string::npos) << read.error().message;
}

TEST(Message, a_place_outside_its_pack_is_refused) {
  Invocation wrong = invocation();
  wrong.packs[1].objects[1].stored = 1984;
  EXPECT_FALSE(decode_invocation(encode(wrong)));
  wrong = invocation();
  wrong.packs[0].url = "file:///etc/passwd";
  EXPECT_FALSE(decode_invocation(encode(wrong)));
  wrong = invocation();
  wrong.output.url = "https://host/ with a blank";
  EXPECT_FALSE(decode_invocation(encode(wrong)));
}

// Whatever arrives, it is either refused or a value that can be said again.
TEST(Message, damage_is_refused_or_harmless) {
  std::minstd_rand random(7);
  for (const std::string& good : {encode(invocation()), encode(answer()), encode(failed())}) {
    for (int i = 0; i < 2000; ++i) {
      std::string bytes = good.substr(0, 1 + random() % good.size());
      bytes[random() % bytes.size()] = static_cast<char>(random());
      if (const auto read = decode_invocation(bytes)) {
        EXPECT_EQ(decode_invocation(encode(*read)).value(), *read);
      }
      if (const auto read = decode_answer(bytes)) {
        EXPECT_EQ(decode_answer(encode(*read)).value(), *read);
      }
    }
  }
  EXPECT_FALSE(from_body("<html>not a worker</html>"));
}

}  // namespace
}  // namespace wire
