#include "model/link_step.hh"

#include <algorithm>

namespace model {

bool makes_an_executable(const std::vector<std::string>& linker_words) {
  return std::none_of(linker_words.begin(), linker_words.end(), [](const std::string& word) {
    return word == "-r" || word == "-i" || word == "-Ur" || word == "--relocatable";
  });
}

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

void note_link(SharedLinks& links, const LinkFootprint& link, const Inference& inference) {
  const auto* inferred = std::get_if<Inferred>(&inference);
  for (size_t i = 0; inferred != nullptr && i < inferred->outputs.size(); ++i) {
    const std::string& path = inferred->outputs[i].path;
    if (is_shared_library(path)) {
      links.note(path, inferred->thunk, link.link);
    }
  }
}

}  // namespace model
