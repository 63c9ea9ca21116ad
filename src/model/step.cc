#include "model/step.hh"

#include "base/files.hh"
#include "ir/output_path.hh"
#include "model/environment.hh"
#include "model/gcc_command.hh"
#include "model/look.hh"
#include "model/paths.hh"
#include "model/view_files.hh"

#include <stdlib.h>

#include <iterator>

namespace model {

namespace {

// The program as the user's command names it: binutils begin their messages with it, and it shows in the
// depfiles of a relocated compiler. The thunk's PATH leads a bare name to the same file.
std::string program_path_variable(const Invocation& invocation, const std::string& others) {
  const std::string folder = parent_of(invocation.program);
  if (invocation.argv[0].find('/') != std::string::npos ||
      (":" + others + ":").starts_with(":" + folder + ":")) {
    return others;
  }
  return others.empty() ? folder : folder + ":" + others;
}

}  // namespace

Step::Step(View& view, ThunkBuilder& builder, const Invocation& invocation,
           std::map<std::string, std::string> environment)
    : view_(view), builder_(builder), invocation_(invocation), charsets_(charsets_of(environment)) {
  footprint_.environment = std::move(environment);
  footprint_.working_directory = invocation.working_directory;
  footprint_.arguments = invocation.argv;
  std::string& path = footprint_.environment["PATH"];
  path = program_path_variable(invocation, path);
  for (const std::string& file : locale_files(footprint_.environment)) {
    footprint_.inputs.push_back(file);
  }
  if (const auto pwd = footprint_.environment.find("PWD"); pwd != footprint_.environment.end()) {
    footprint_.directories.push_back(pwd->second);
  }
}

std::string Step::in_place(const std::string& path) const {
  return absolute(invocation_.working_directory, path);
}

base::Result<std::optional<std::string>> Step::read_input(const std::string& path) {
  return read(path, footprint_.readings);
}

base::Result<std::optional<std::string>> Step::read_condition(const std::string& path) {
  return read(path, footprint_.conditions);
}

base::Result<std::optional<std::string>> Step::read(const std::string& path,
                                                    std::vector<scan::Reading>& readings) {
  const std::string where = in_place(path);
  auto contents = contents_through(view_, where);
  if (!contents) {
    return tl::unexpected(contents.error());
  }
  if (!*contents) {
    return std::nullopt;
  }
  readings.push_back(scan::reading_of(where, **contents));
  return std::move((*contents)->bytes);
}

void Step::add_readings(std::vector<scan::Reading> readings) {
  footprint_.readings.insert(footprint_.readings.end(), std::make_move_iterator(readings.begin()),
                             std::make_move_iterator(readings.end()));
}

void Step::use(const Toolset& tools) {
  if (!tools.script.empty()) {
    declined_ = Declined{"wrapper", tools.script};
  }
  for (const std::string& file : tools.files) {
    if (base_name(file) == "libc.so.6") {
      const std::vector<std::string> charsets = charset_files(file, charsets_);
      footprint_.inputs.insert(footprint_.inputs.end(), charsets.begin(), charsets.end());
    }
  }
  footprint_.inputs.insert(footprint_.inputs.end(), tools.files.begin(), tools.files.end());
  footprint_.directories.insert(footprint_.directories.end(), tools.directories.begin(),
                                tools.directories.end());
}

std::optional<std::string> Step::real_output(const std::string& path) const {
  const std::string where = in_place(path);
  const auto folder = base::real_path(parent_of(where));
  const std::string_view name = base_name(where);
  if (!folder || name.empty() || name == "." || name == "..") {
    return std::nullopt;
  }
  return absolute(*folder, name);
}

void Step::add_output(const std::string& path, Output::Made made, bool executable) {
  if (in_place(path) == kNowhere) {
    return;
  }
  const auto where = real_output(path);
  const auto name =
      where ? ir::output_path(footprint_.working_directory.substr(1), where->substr(1)) : std::nullopt;
  if (!name) {
    declined_ = Declined{"special-output", path};
    return;
  }
  for (const Output& other : inferred_.outputs) {
    if (other.path == *where) {  // a depfile over the object: whichever is written last
      declined_ = Declined{"special-output", path};
      return;
    }
  }
  footprint_.directories.push_back(parent_of(in_place(path)));
  footprint_.directories.push_back(parent_of(*where));
  footprint_.output_paths.push_back(*name);
  inferred_.outputs.push_back({*where, *name, made, executable});
}

void Step::add_written(const std::string& path, const std::string& bytes) {
  if (in_place(path) == kNowhere) {
    return;
  }
  add_output(path, Output::Made::Perhaps, false);
  if (const auto where = real_output(path)) {
    inferred_.written_now.push_back({*where, bytes});
  }
}

base::Result<Inference> Step::finish(const std::string& label) {
  if (declined_) {
    return Inference(*declined_);
  }
  for (const Output& output : inferred_.outputs) {
    if (is_written_through(output.path)) {
      return Inference(Declined{"special-output", output.path});
    }
  }
  auto built = builder_.build(footprint_);
  if (!built) {
    return tl::unexpected(built.error());
  }
  if (const auto* missing = std::get_if<MissingInput>(&*built)) {
    return Inference(Declined{"missing-input", missing->path});
  }
  if (const auto* changed = std::get_if<ChangedInput>(&*built)) {
    return Inference(Declined{std::string(kChangingInput), changed->path});
  }
  auto& thunk = std::get<Built>(*built);
  inferred_.thunk = thunk.thunk;
  inferred_.materials = std::make_shared<const Materials>(std::move(thunk.materials));
  inferred_.label = label;
  return Inference(std::move(inferred_));
}

std::optional<std::string> ResponseFiles::read(const std::string& path) {
  const std::string where = absolute(invocation_.working_directory, path);
  const auto entry = look_through(view_, where);
  if (const auto* promise = entry && *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
    owed_.promises.push_back(*promise);
    return "";
  }
  if (!entry || !*entry || !std::holds_alternative<object::File>(**entry)) {
    return std::nullopt;
  }
  const scan::Look look = view_.look(where);
  std::string text = base::read_file(where);
  readings_.push_back({where, look.identity, scan::fingerprint_of(text)});
  return text;
}

std::variant<std::vector<std::string>, Inference> expand_response_files(View& view,
                                                                        const Invocation& invocation,
                                                                        Step& step) {
  ResponseFiles files(view, invocation);
  std::vector<std::string> words;
  for (size_t i = 1; i < invocation.argv.size(); ++i) {
    const std::string& word = invocation.argv[i];
    const auto text = word.size() > 1 && word[0] == '@' ? files.read(word.substr(1)) : std::nullopt;
    if (!text) {
      words.push_back(word);
      continue;
    }
    for (std::string& inner : split_response_file(*text)) {
      if (inner.starts_with('@')) {
        return Inference(Declined{"nested-response-files", word});
      }
      words.push_back(std::move(inner));
    }
  }
  if (!files.owed().promises.empty()) {
    return Inference(files.owed());
  }
  step.add_readings(files.readings());
  return words;
}

}  // namespace model
