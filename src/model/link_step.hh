#pragma once

#include "model/link_inputs.hh"
#include "model/step.hh"

#include <string>
#include <vector>

namespace model {

// May the output of a linker with these words be executed? Another object (-r) is a file like any other.
[[nodiscard]] bool makes_an_executable(const std::vector<std::string>& linker_words);

// Moves what the linker reads and writes besides its -o into the step.
void add_link(Step& step, const LinkFootprint& link);

// What came of the step: should it make a shared library, its link is noted for those who link that.
void note_link(SharedLinks& links, const LinkFootprint& link, const Inference& inference);

}  // namespace model
