#include "engine/http/http_engine.hh"

#include "engine/http/errand.hh"

#include <memory>

namespace engine {

namespace {

sched::Capacity capacity_of(const HttpEngine::Options& options) {
  sched::Capacity capacity;
  capacity.name = "http";
  capacity.slots = options.slots;
  return capacity;
}

}  // namespace

HttpEngine::HttpEngine(const Surroundings& surroundings, const Options& options, Post post)
    : ThreadedEngine(
          capacity_of(options),
          [errands = std::make_shared<Errands>(surroundings, options)](const sched::Job& job, Stop& stop) {
            return errands->run(job, stop);
          },
          std::move(post)) {}

}  // namespace engine
