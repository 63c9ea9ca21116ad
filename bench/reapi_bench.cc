// reapi_bench send ADDRESS [COUNT [BYTES]]: sends so many objects of incompressible bytes to a Remote
// Execution server. reapi_bench round-trip ADDRESS: asks it the least that can be asked, again and again.
// Prints seconds, one line of JSON.
#include "base/errors.hh"
#include "storage/reapi/capabilities.hh"
#include "storage/reapi/reapi_store.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "random_objects.hh"

namespace {

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::unique_ptr<net::GrpcService> service_at(const std::string& address) {
  net::GrpcService::Options options;
  options.address = base::value_or_throw(net::parse_grpc_address(address));
  return base::value_or_throw(net::GrpcService::open(std::move(options)));
}

void send(const std::string& address, size_t count, size_t bytes) {
  object::MemoryStore here;
  const auto digests = put_random_objects(here, count, bytes);
  const auto service = service_at(address);
  const auto capabilities = base::value_or_throw(storage::ask_capabilities(*service, ""));
  storage::ReapiStore::Options options;
  options.batch_bytes = capabilities.batch_bytes;
  const base::SystemClock clock;
  storage::ReapiStore there(*service, clock, options);
  const double seconds = seconds_of([&] {
    if (!base::value_or_throw(there.send(digests, here, {})).empty()) {
      throw base::OperatorError("objects are lost");
    }
  });
  fmt::print("{{\"objects\": {}, \"bytes\": {}, \"seconds\": {:.3f}}}\n", count, count * bytes, seconds);
}

void round_trip(const std::string& address) {
  constexpr size_t kTimes = 21;
  const auto service = service_at(address);
  std::vector<double> seconds;
  for (size_t i = 0; i <= kTimes; ++i) {
    seconds.push_back(
        seconds_of([&] { (void)base::value_or_throw(storage::ask_capabilities(*service, "")); }));
  }
  seconds.erase(seconds.begin());  // it has connected, too
  std::nth_element(seconds.begin(), seconds.begin() + kTimes / 2, seconds.end());
  fmt::print("{{\"seconds\": {:.6f}}}\n", seconds[kTimes / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string what = argc > 2 ? argv[1] : "";
    if (what == "send") {
      send(argv[2], argc > 3 ? std::stoul(argv[3]) : 10'000, argc > 4 ? std::stoul(argv[4]) : 4096);
    } else if (what == "round-trip") {
      round_trip(argv[2]);
    } else {
      throw base::OperatorError("usage: reapi_bench send ADDRESS [COUNT [BYTES]] | round-trip ADDRESS");
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "reapi_bench: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
