#pragma once

#include "base/result.hh"
#include "sandbox/sandbox.hh"
#include "sandbox/stop_signal.hh"

namespace sandbox {

// Runs the command without a container: in the real root, with the user's rights, files and network
// (--sandbox=none). Layers, binds and directories of the job are ignored. What is left of the guarantees: the
// environment, stdin from /dev/null, the limits on time and output, and that the command's process group is
// killed when it ends. Blocks.
[[nodiscard]] base::Result<Ended> run_unconfined(const Job& job, const StopSignal& stop);

}  // namespace sandbox
