#include "engine/reapi/reapi_engine.hh"

#include "engine/reapi/attempts.hh"

#include <utility>

namespace engine {

namespace {

sched::Capacity capacity_of(const ReapiEngine::Options& options) {
  sched::Capacity capacity;
  capacity.name = "reapi";
  capacity.slots = options.slots;
  return capacity;
}

}  // namespace

ReapiEngine::ReapiEngine(const Surroundings& surroundings, Options options, Post post)
    : ThreadedEngine(
          capacity_of(options),
          [attempts = std::make_shared<Attempts>(surroundings, options)](const sched::Job& job, Stop& stop) {
            return attempts->run(job, stop);
          },
          std::move(post)) {}

}  // namespace engine
