#include "worker/outputs.hh"

#include "object/hash.hh"
#include "storage/s3/lent_packs.hh"
#include "storage/s3/pack_format.hh"

#include <algorithm>
#include <vector>

namespace worker {

namespace {

using Digests = std::vector<object::Digest>;

base::Result<std::string> read(object::Store& store, const object::Digest& digest) {
  auto bytes = store.get(digest);
  if (!bytes) {
    return tl::unexpected(std::move(bytes.error()));
  }
  if (!*bytes) {
    return base::failure("the cache no longer holds what was made: " + digest.to_string(),
                         base::FailureKind::RetryHere);
  }
  return std::move(**bytes);
}

// As many as fit, the smallest first, so that one large file keeps nothing else out.
Digests that_fit(std::span<const object::Digest> made, const ir::Result& result, uint64_t most_bytes) {
  Digests order(made.begin(), made.end());
  const auto is_stream = [&](const object::Digest& digest) {
    return digest == result.standard_output || digest == result.standard_error;
  };
  std::stable_sort(order.begin(), order.end(), [&](const object::Digest& a, const object::Digest& b) {
    return is_stream(a) != is_stream(b) ? is_stream(a) : a.size() < b.size();
  });
  uint64_t bytes = 0;
  const auto end = std::find_if(order.begin(), order.end(), [&](const object::Digest& digest) {
    bytes += digest.size();
    return bytes > most_bytes;
  });
  order.erase(end, order.end());
  return order;
}

}  // namespace

base::Result<wire::Made> deliver(const wire::Invocation& invocation, const ir::Result& result,
                                 std::span<const object::Digest> made, object::Store& store,
                                 net::HttpClient& http, const base::StillWanted& wanted) {
  wire::Made answer{result, std::nullopt, {}};
  const Digests in_answer = that_fit(made, result, invocation.inline_bytes);
  for (const object::Digest& digest : in_answer) {
    auto bytes = read(store, digest);
    if (!bytes) {
      return tl::unexpected(std::move(bytes.error()));
    }
    answer.objects.push_back(std::move(*bytes));
  }
  if (result.exit_code != 0 && in_answer.size() == made.size()) {
    return answer;  // nobody else will ever ask for it
  }
  storage::PackBuilder builder;
  const std::string encoded = ir::encode(result);
  const object::Digest name = object::hash(encoded);
  builder.add(name, encoded);
  for (const object::Digest& digest : made) {
    const auto bytes = read(store, digest);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    builder.add(digest, *bytes);
  }
  if (result.exit_code == 0 && invocation.tell_memo && !result.owes()) {
    builder.add(storage::PackedMemo{invocation.thunk, name});
  }
  const storage::PackBuilder::Pack pack = std::move(builder).take();
  if (const auto written = storage::write_lent(http, invocation.output, pack.bytes, wanted); !written) {
    return tl::unexpected(written.error());
  }
  const uint64_t end = storage::index_and_footer_bytes(pack.index);
  answer.pack = wire::WrittenPack{pack.bytes.size(), pack.bytes.substr(pack.bytes.size() - end)};
  return answer;
}

}  // namespace worker
