#pragma once

#include "model/environment.hh"
#include "model/model.hh"
#include "model/thunk_builder.hh"
#include "model/toolchain.hh"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace model {

// Why a command is declined whose inputs did not hold still.
inline constexpr std::string_view kChangingInput = "changing-input";

// One command on its way from argv to a thunk: what every model does alike.
class Step {
 public:
  // `environment`: the thunk's.
  Step(View& view, ThunkBuilder& builder, const Invocation& invocation,
       std::map<std::string, std::string> environment);

  // As the user's command would name it, from the working directory.
  [[nodiscard]] std::string in_place(const std::string& path) const;

  // The tools to be used from now on convert between character sets, whatever the locale is.
  void convert_charsets() { charsets_ = Charsets::All; }

  // Of the user's command.
  [[nodiscard]] mode_t file_mode_mask() const { return invocation_.file_mode_mask; }

  void use(const Toolset& tools);

  void add_argument(const std::string& word) { footprint_.arguments.push_back(word); }

  void set_arguments(std::vector<std::string> words) { footprint_.arguments = std::move(words); }

  void add_variable(const std::string& name, const std::string& value) {
    footprint_.environment.emplace(name, value);
  }

  void add_input(const std::string& path) { footprint_.inputs.push_back(in_place(path)); }

  // The bytes of a file (nullopt: no file with bytes is there), of which something is concluded: it becomes
  // an input with just these bytes, or finish() declines.
  [[nodiscard]] base::Result<std::optional<std::string>> read_input(const std::string& path);

  // The same of a file that is no input for all that: the tool makes it anew.
  [[nodiscard]] base::Result<std::optional<std::string>> read_condition(const std::string& path);

  // Inputs, by their absolute paths, of which something was concluded.
  void add_readings(std::vector<scan::Reading> readings);

  void add_directory(const std::string& path) { footprint_.directories.push_back(in_place(path)); }

  void add_given(const std::string& path, const object::Entry& entry) {
    footprint_.given.emplace_back(path, entry);
  }

  // The directory has to be there; if it isn't, finish() declines and the real command says so. Of /dev/null
  // nothing is kept.
  void add_output(const std::string& path, Output::Made made, bool executable);

  // What inference writes at once; the command writes it, too.
  void add_written(const std::string& path, const std::string& bytes);

  // So much is not known of the tool that it may make more than is declared, which is then a failure.
  void require_exact_outputs() { footprint_.outputs = Footprint::Outputs::Exact; }

  // See Inferred.
  void make_caller_wait() { inferred_.caller_waits = true; }

  [[nodiscard]] const Footprint& footprint() const { return footprint_; }

  // Builds the thunk. Declined with kChangingInput: a file of which something was concluded has changed
  // since; begin anew.
  [[nodiscard]] base::Result<Inference> finish(const std::string& label);

 private:
  [[nodiscard]] base::Result<std::optional<std::string>> read(const std::string& path,
                                                              std::vector<scan::Reading>& readings);

  // Where an output really goes: its directory may be reached through symlinks.
  [[nodiscard]] std::optional<std::string> real_output(const std::string& path) const;

  View& view_;
  ThunkBuilder& builder_;
  const Invocation& invocation_;
  Footprint footprint_;
  Charsets charsets_;
  Inferred inferred_;
  std::optional<Declined> declined_;
};

// Reads response files for a parser; collects the promises among them, which must be read first.
class ResponseFiles {
 public:
  ResponseFiles(View& view, const Invocation& invocation) : view_(view), invocation_(invocation) {}

  // The bytes; nullopt when there is no such file.
  [[nodiscard]] std::optional<std::string> read(const std::string& path);

  [[nodiscard]] const MustRead& owed() const { return owed_; }

  // All that were read, for Step::add_readings.
  [[nodiscard]] const std::vector<scan::Reading>& readings() const { return readings_; }

 private:
  View& view_;
  const Invocation& invocation_;
  MustRead owed_;
  std::vector<scan::Reading> readings_;
};

// argv less argv[0], response files expanded, which become inputs of the step; or an answer that ends the
// work.
[[nodiscard]] std::variant<std::vector<std::string>, Inference> expand_response_files(
    View& view, const Invocation& invocation, Step& step);

}  // namespace model
