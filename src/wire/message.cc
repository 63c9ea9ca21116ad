#include "wire/message.hh"

#include "base/quote.hh"
#include "base/zstd.hh"
#include "object/wire.hh"

#include <algorithm>

#include "gg/v1/worker.pb.h"

namespace wire {

namespace {

using base::FailureKind;
using object::from_wire;
using object::to_wire;
using std::chrono::nanoseconds;

tl::unexpected<base::Error> refuse(const char* what, const std::string& why) {
  return base::failure(std::string("not ") + what + ": " + why, FailureKind::RetryElsewhere);
}

std::string wrong_version(int version) {
  return "it is of version " + std::to_string(version) + ", and this program knows " +
         std::to_string(kVersion) + " only: both sides have to be of one release";
}

// On the wire: never renumber.
int number_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::RetryHere:
      return 1;
    case FailureKind::RetryElsewhere:
      return 2;
    case FailureKind::Deterministic:
      return 3;
    case FailureKind::Ours:
      return 4;
  }
  return 4;
}

FailureKind kind_of(int number) {
  switch (number) {
    case 1:
      return FailureKind::RetryHere;
    case 2:
      return FailureKind::RetryElsewhere;
    case 3:
      return FailureKind::Deterministic;
    default:
      return FailureKind::Ours;
  }
}

bool is_amount(int64_t number) {
  return number >= 0;
}

bool is_url(const std::string& text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         std::all_of(text.begin(), text.end(), [](char byte) { return byte > ' ' && byte < '\x7f'; });
}

void put_pack(const object::LentPack& pack, gg::v1::LentPack& message) {
  message.set_name(pack.name);
  message.set_bytes(static_cast<int64_t>(pack.bytes));
  message.set_url(pack.url);
  for (const object::PackedObject& object : pack.objects) {
    auto& entry = *message.add_objects();
    to_wire(object.digest, *entry.mutable_digest());
    entry.set_offset(static_cast<int64_t>(object.offset));
    entry.set_stored(static_cast<int64_t>(object.stored));
    entry.set_encoding(static_cast<int32_t>(object.encoding));
  }
}

// Nullopt: that is no place in the pack.
std::optional<object::PackedObject> packed_object(const gg::v1::PackedObject& message, uint64_t pack_bytes) {
  const object::Digest digest = from_wire(message.digest());
  const bool is_known = message.encoding() == static_cast<int>(object::PackEncoding::Plain) ||
                        message.encoding() == static_cast<int>(object::PackEncoding::Zstd);
  if (!object::problem_with(digest).empty() || !is_amount(message.offset()) || !is_amount(message.stored()) ||
      !is_known) {
    return std::nullopt;
  }
  const object::PackedObject object{digest, static_cast<uint64_t>(message.offset()),
                                    static_cast<uint64_t>(message.stored()),
                                    static_cast<object::PackEncoding>(message.encoding())};
  return object.offset <= pack_bytes && object.stored <= pack_bytes - object.offset ? std::optional(object)
                                                                                    : std::nullopt;
}

std::optional<object::LentPack> lent_pack(const gg::v1::LentPack& message) {
  if (!is_amount(message.bytes()) || !is_url(message.url())) {
    return std::nullopt;
  }
  object::LentPack pack{message.name(), static_cast<uint64_t>(message.bytes()), message.url(), {}};
  for (const auto& entry : message.objects()) {
    const auto object = packed_object(entry, pack.bytes);
    if (!object) {
      return std::nullopt;
    }
    pack.objects.push_back(*object);
  }
  return pack;
}

void put_outcome(const Failed& failed, gg::v1::Answer& message) {
  auto& failure = *message.mutable_failure();
  failure.set_kind(number_of(failed.error.kind));
  failure.set_message(failed.error.message);
  for (const object::Digest& digest : failed.lost) {
    to_wire(digest, *failure.add_lost());
  }
}

void put_outcome(const Made& made, gg::v1::Answer& message) {
  message.set_result(ir::encode(made.result));
  if (made.pack) {
    message.set_pack_bytes(static_cast<int64_t>(made.pack->bytes));
    message.set_pack_end(made.pack->index_and_footer);
  }
  for (const std::string& object : made.objects) {
    message.add_objects(object);
  }
}

base::Result<Failed> failed_of(const gg::v1::WorkFailure& message) {
  Failed failed{{message.message(), kind_of(message.kind())}, {}};
  for (const auto& entry : message.lost()) {
    failed.lost.push_back(from_wire(entry));
    if (!object::problem_with(failed.lost.back()).empty()) {
      return refuse("an answer", "it has lost an object without a name");
    }
  }
  return failed;
}

base::Result<Made> made_of(const gg::v1::Answer& message) {
  auto result = ir::decode_result(message.result());
  if (!result) {
    return refuse("an answer", result.error().message);
  }
  Made made{std::move(*result), std::nullopt, {message.objects().begin(), message.objects().end()}};
  if (message.pack_bytes() < 0) {
    return refuse("an answer", "its pack has a negative size");
  }
  if (message.pack_bytes() > 0) {
    made.pack = WrittenPack{static_cast<uint64_t>(message.pack_bytes()), message.pack_end()};
  }
  return made;
}

}  // namespace

std::string encode(const Invocation& invocation) {
  gg::v1::Invocation message;
  message.set_version(kVersion);
  to_wire(invocation.thunk, *message.mutable_thunk());
  for (const object::LentPack& pack : invocation.packs) {
    put_pack(pack, *message.add_packs());
  }
  for (const std::string& object : invocation.objects) {
    message.add_objects(object);
  }
  message.set_output_name(invocation.output.name);
  message.set_output_url(invocation.output.url);
  message.set_time_ms(invocation.time.count());
  message.set_memory_bytes(static_cast<int64_t>(invocation.memory_bytes));
  message.set_disk_bytes(static_cast<int64_t>(invocation.disk_bytes));
  message.set_inline_bytes(static_cast<int64_t>(invocation.inline_bytes));
  message.set_tell_memo(invocation.tell_memo);
  return object::canonical_bytes(message);
}

base::Result<Invocation> decode_invocation(std::string_view bytes) {
  constexpr const char* kWhat = "an invocation";
  gg::v1::Invocation message;
  if (!object::parse(bytes, message)) {
    return refuse(kWhat, "no such message");
  }
  if (message.version() != kVersion) {
    return refuse(kWhat, wrong_version(message.version()));
  }
  Invocation invocation;
  invocation.thunk = from_wire(message.thunk());
  if (!object::problem_with(invocation.thunk).empty()) {
    return refuse(kWhat, "it names no thunk");
  }
  for (const auto& entry : message.packs()) {
    auto pack = lent_pack(entry);
    if (!pack) {
      return refuse(kWhat, "it lends a pack that can be none");
    }
    invocation.packs.push_back(std::move(*pack));
  }
  invocation.objects.assign(message.objects().begin(), message.objects().end());
  invocation.output = {message.output_name(), message.output_url()};
  if (!is_url(invocation.output.url)) {
    return refuse(kWhat, "it has no place for what is made");
  }
  if (!is_amount(message.time_ms()) || !is_amount(message.memory_bytes()) ||
      !is_amount(message.disk_bytes()) || !is_amount(message.inline_bytes())) {
    return refuse(kWhat, "a limit is negative");
  }
  invocation.time = std::chrono::milliseconds(message.time_ms());
  invocation.memory_bytes = static_cast<uint64_t>(message.memory_bytes());
  invocation.disk_bytes = static_cast<uint64_t>(message.disk_bytes());
  invocation.inline_bytes = static_cast<uint64_t>(message.inline_bytes());
  invocation.tell_memo = message.tell_memo();
  return invocation;
}

std::string encode(const Answer& answer) {
  gg::v1::Answer message;
  message.set_version(kVersion);
  std::visit([&](const auto& outcome) { put_outcome(outcome, message); }, answer.outcome);
  message.set_fetch(answer.times.fetch.count());
  message.set_set_up(answer.times.set_up.count());
  message.set_execute(answer.times.execute.count());
  message.set_upload(answer.times.upload.count());
  message.set_worker(answer.worker);
  message.set_isolation(answer.isolation);
  return object::canonical_bytes(message);
}

std::string encode_beat() {
  gg::v1::Answer message;
  message.set_beats(1);
  return object::canonical_bytes(message);
}

base::Result<Answer> decode_answer(std::string_view bytes) {
  constexpr const char* kWhat = "an answer";
  gg::v1::Answer message;
  if (!object::parse(bytes, message)) {
    return refuse(kWhat, "no such message");
  }
  if (message.version() != kVersion) {
    return refuse(
        kWhat, message.version() == 0 ? "it ends before it says anything" : wrong_version(message.version()));
  }
  if (message.has_failure() != message.result().empty()) {
    return refuse(kWhat, "it has to be either a result or a failure");
  }
  Answer answer;
  if (message.has_failure()) {
    auto failed = failed_of(message.failure());
    if (!failed) {
      return tl::unexpected(std::move(failed.error()));
    }
    answer.outcome = std::move(*failed);
  } else {
    auto made = made_of(message);
    if (!made) {
      return tl::unexpected(std::move(made.error()));
    }
    answer.outcome = std::move(*made);
  }
  answer.times = {nanoseconds(message.fetch()), nanoseconds(message.set_up()), nanoseconds(message.execute()),
                  nanoseconds(message.upload())};
  answer.worker = message.worker();
  answer.isolation = message.isolation();
  return answer;
}

std::string encode(const Worker& worker) {
  gg::v1::Worker message;
  message.set_version(kVersion);
  message.set_name(worker.name);
  message.set_jobs(static_cast<int32_t>(worker.jobs));
  message.set_machine(worker.machine);
  message.set_isolation(worker.isolation);
  return object::canonical_bytes(message);
}

base::Result<Worker> decode_worker(std::string_view bytes) {
  constexpr const char* kWhat = "what a worker says of itself";
  gg::v1::Worker message;
  if (!object::parse(bytes, message) || message.version() == 0) {
    return refuse(kWhat, "no such message");
  }
  if (message.version() != kVersion) {
    return refuse(kWhat, wrong_version(message.version()));
  }
  if (message.jobs() < 1) {
    return refuse(kWhat, "it takes no jobs");
  }
  return Worker{message.name(), static_cast<unsigned>(message.jobs()), message.machine(),
                message.isolation()};
}

std::string as_body(std::string_view message) {
  return base::zstd_compressed(message);
}

base::Result<std::string> from_body(std::string_view body) {
  std::string bytes;
  if (!base::ZstdReader().take(body, bytes, kLongestMessage)) {
    return base::failure("that is no message: " + base::printable(body.substr(0, 60)),
                         FailureKind::RetryElsewhere);
  }
  return bytes;
}

}  // namespace wire
