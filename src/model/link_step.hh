#pragma once

#include "model/link_inputs.hh"
#include "model/step.hh"

namespace model {

// Moves what the linker reads and writes besides its -o into the step.
void add_link(Step& step, const LinkFootprint& link);

}  // namespace model
