#include "model/object_copy.hh"

#include "base/files.hh"
#include "model/archive.hh"
#include "model/binutils_options.hh"
#include "model/environment.hh"
#include "model/look.hh"
#include "model/thunk_reader.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace model {

namespace {

// A command line taken apart.
struct Command {
  std::vector<std::string> files;  // in the order given
  std::string output;              // -o
};

// Works through the options and leaves the files.
std::variant<Command, Declined> parse(const std::vector<std::string>& words, Step& step) {
  Command command;
  for (size_t at = 0; at < words.size();) {
    if (!words[at].starts_with('-') || words[at] == "-") {
      command.files.push_back(words[at++]);
      continue;
    }
    const auto option = match(object_copy_options(), words, at);
    if (!option) {
      return Declined{"unknown-option", words[at]};
    }
    const std::string argument(option->argument);
    const std::string named = argument.substr(argument.find('=') + 1);
    switch (option->option->does) {
      case Does::Declines:
        return Declined{std::string(option->option->word), words[at]};
      case Does::Output:
        command.output = argument;
        break;
      case Does::ReadsFile:
        step.add_input(argument);
        break;
      case Does::ReadsNamedFile:
        step.add_input(named);
        break;
      case Does::WritesFile:
        step.add_output(argument, Output::Made::Always, false);
        break;
      case Does::WritesNamedFile:
        step.add_output(named, Output::Made::Always, false);
        break;
      default:
        break;
    }
    at += option->words;
  }
  return command;
}

bool is_thin_archive(const std::string& path) {
  return magic_of(path) == kThinArchiveMagic;
}

bool is_archive(const std::string& path) {
  return magic_of(path) == kArchiveMagic || is_thin_archive(path);
}

}  // namespace

ObjectCopyModel::ObjectCopyModel(View& view, object::Store& store, Toolchains& toolchains,
                                 ThunkBuilder& builder)
    : view_(view), store_(store), toolchains_(toolchains), builder_(builder) {}

base::Result<Inference> ObjectCopyModel::strip(const Invocation& invocation) {
  return copy(invocation, Operands::EachInPlace);
}

base::Result<Inference> ObjectCopyModel::objcopy(const Invocation& invocation) {
  return copy(invocation, Operands::FromTo);
}

base::Result<Inference> ObjectCopyModel::copy(const Invocation& invocation, Operands operands) {
  auto environment = thunk_environment(invocation, "");
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  Step step(view_, builder_, invocation, std::get<0>(environment));
  const auto read = expand_response_files(view_, invocation, step);
  if (const auto* answer = std::get_if<Inference>(&read)) {
    return *answer;
  }
  const auto parsed = parse(std::get<0>(read), step);
  if (const auto* declined = std::get_if<Declined>(&parsed)) {
    return Inference(*declined);
  }
  const auto& [files, output] = std::get<Command>(parsed);
  const bool from_to = operands == Operands::FromTo && files.size() == 2;
  if (files.empty() || (operands == Operands::FromTo && files.size() > 2)) {
    return Inference(Declined{"no-input", ""});
  }
  if (!output.empty() && files.size() > 1) {
    return Inference(Declined{"one-output-for-many", output});
  }
  for (size_t i = 0; i < (from_to ? 1 : files.size()); ++i) {
    const std::string& to = from_to ? files[1] : output.empty() ? files[i] : output;
    if (auto declined = add(files[i], to, invocation.program, step)) {
      return Inference(*std::move(declined));
    }
  }
  step.use(*toolchains_.program(invocation.program));
  const char* const what = operands == Operands::FromTo ? "copy object " : "strip ";
  return step.finish(what + files.front());
}

bool ObjectCopyModel::is_thin(const object::Promise* promise, const std::string& path) {
  if (promise == nullptr) {
    return is_thin_archive(path);
  }
  const auto maker = read_thunk(store_, promise->thunk);
  return !maker || makes_thin_archive(*maker);
}

std::optional<Declined> ObjectCopyModel::add(const std::string& from, const std::string& to,
                                             const std::string& program, Step& step) {
  const std::string path = step.in_place(from);
  const auto entry = look_through(view_, path);
  if (!entry || !*entry) {
    return Declined{"missing-input", from};
  }
  const auto* promise = std::get_if<object::Promise>(&**entry);
  const bool archive = promise != nullptr ? from.ends_with(".a") : is_archive(path);
  if (archive && !toolchains_.is_deterministic_archiver(program)) {
    return Declined{"archive-times", from};
  }
  // Such an archive is only names of files, which would be changed, too.
  if (archive && is_thin(promise, path)) {
    return Declined{"odd-archive", from};
  }
  if (to == "-" || base::is_below_dev(to) || has_other_names(step.in_place(to))) {
    return Declined{"special-output", to};
  }
  if (from == to && !has_ordinary_mode(path, step.file_mode_mask())) {
    return Declined{"file-mode", to};
  }
  step.add_input(from);
  step.add_output(to, Output::Made::Always, is_executable(path));
  return std::nullopt;
}

}  // namespace model
