#pragma once

#include "cli/places.hh"
#include "cli/settings.hh"

#include <string>

#include "cloud/worker_image.hh"

namespace cli {

// What this machine has for the image of a worker. `worker`: the path of gg-worker; empty: the one beside gg.
// Throws base::OperatorError that says what is missing.
[[nodiscard]] cloud::WorkerParts worker_parts(const std::string& worker, const Settings& settings,
                                              const Environment& environment);

}  // namespace cli
