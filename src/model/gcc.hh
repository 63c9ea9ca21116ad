#pragma once

#include "model/dependencies.hh"
#include "model/file_facts.hh"
#include "model/footprint.hh"
#include "model/gcc_command.hh"
#include "model/toolchain.hh"

namespace model {

// What a model says of one command.
using Modelled = std::variant<Footprint, Declined, MustRead>;

// What every model of a GNU tool leans on; all of it outlives the models.
struct Tools {
  View& view;
  FileFacts& facts;
  DependencySource& dependencies;
  Toolchains& toolchains;
};

// gcc and g++: compile, assemble, link, and all at once for several sources.
[[nodiscard]] Modelled model_gcc(const Invocation& invocation, const Tools& tools, bool cxx_driver);

// The translation units of the command, for forgetting what was remembered of them.
// Under the PATH that the toolchain's discovery gave.
[[nodiscard]] std::vector<TranslationUnit> translation_units(const Invocation& invocation,
                                                             const GccCommand& command,
                                                             const std::string& path_variable);

}  // namespace model
