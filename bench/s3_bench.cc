// s3_bench s3://BUCKET/PREFIX?… [COUNT [BYTES]]: sends so many objects of incompressible bytes to a bucket,
// and fetches them into another store. Credentials as for gg. Prints seconds of each, one line of JSON.
#include "base/errors.hh"
#include "storage/s3/s3_store.hh"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "random_objects.hh"

extern "C" char** environ;

namespace {

net::aws::Environment this_environment() {
  net::aws::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  if (const auto lost = base::value_or_throw(work()); !lost.empty()) {
    throw base::OperatorError(fmt::format("{} objects are lost", lost.size()));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void run(const std::string& address, size_t count, size_t bytes) {
  object::MemoryStore here;
  const auto digests = put_random_objects(here, count, bytes);
  const auto parsed = base::value_or_throw(storage::parse_bucket_address(address));
  const auto configuration =
      base::value_or_throw(net::aws::Configuration::read(this_environment(), parsed.profile));
  base::SystemClock clock;
  net::HttpClient http({});
  net::aws::Credentials credentials(configuration, http, clock);
  storage::BucketCalls calls(base::value_or_throw(storage::locate(parsed, configuration)), http, credentials,
                             clock, {});
  storage::S3Store first(calls, clock, {});
  const double sent = seconds_of([&] { return first.send(digests, here, {}); });
  object::MemoryStore into;
  storage::S3Store second(calls, clock, {});
  const double fetched =
      seconds_of([&] { return second.open().and_then([&] { return second.fetch(digests, into, {}); }); });
  fmt::print("{{\"objects\": {}, \"bytes\": {}, \"send_seconds\": {:.3f}, \"fetch_seconds\": {:.3f}}}\n",
             count, bytes, sent, fetched);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) {
      throw base::OperatorError("usage: s3_bench s3://BUCKET/PREFIX [COUNT [BYTES]]");
    }
    run(argv[1], argc > 2 ? std::stoul(argv[2]) : 10'000, argc > 3 ? std::stoul(argv[3]) : 4096);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "s3_bench: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
