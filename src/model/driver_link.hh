#pragma once

#include "model/model.hh"
#include "model/toolchain.hh"
#include "object/store.hh"

#include <map>
#include <string>
#include <vector>

namespace model {

// A command as the user gave it to a driver.
struct DriverLink {
  const Toolchain* toolchain = nullptr;
  std::string argv0;
  std::vector<std::string> words;  // response files expanded
  std::map<std::string, std::string> environment;
  std::string working_directory;
};

// Asks drivers how they would call the linker (-###: nothing is run, and no input needs to be there), and
// remembers the answers in object::kFootprintTable. Start files, default libraries and the search path thus
// come from the driver's own specs, whatever the options are. Any thread.
class LinkerCalls {
 public:
  LinkerCalls(object::Records& records, std::string pristine_root);

  // The linker's words less the program; nullopt: the driver wouldn't link. Errors name the driver.
  [[nodiscard]] base::Result<std::optional<std::vector<std::string>>> of(const DriverLink& link);

  // What each stage of the command writes (its -o), as the driver names it; nullopt: the driver finds fault
  // with the command. Not remembered.
  [[nodiscard]] base::Result<std::optional<std::vector<std::string>>> stage_outputs(
      const DriverLink& command) const;

 private:
  using Stages = std::vector<std::vector<std::string>>;  // the words of each program that would be run

  [[nodiscard]] base::Result<std::optional<Stages>> stages(const DriverLink& command) const;
  [[nodiscard]] base::Result<std::optional<std::vector<std::string>>> ask(const DriverLink& link) const;

  object::Records& records_;
  std::string pristine_root_;
};

// Words as -### writes them: bare, or in double quotes with \", \\ and \$.
[[nodiscard]] std::vector<std::string> split_driver_line(std::string_view line);

}  // namespace model
