#include "model/link_step.hh"

namespace model {

void add_link(Step& step, const LinkFootprint& link) {
  for (const std::string& input : link.inputs) {
    step.add_input(input);
  }
  for (const auto& given : link.given) {
    step.add_given(given.first, given.second);
  }
  for (const std::string& directory : link.directories) {
    step.add_directory(directory);
  }
  for (const std::string& output : link.outputs) {
    step.add_output(output, Output::Made::Always, false);
  }
}

}  // namespace model
