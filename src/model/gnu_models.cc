#include "model/gnu_models.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "model/binutils.hh"
#include "model/thunk_builder.hh"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>

namespace model {

namespace {

namespace fs = std::filesystem;

enum class Tool { None, Gcc, Gxx, Ar, Ranlib, As, Ld };

// "12", "12.2": what may stand behind a tool's name and a dash.
bool is_version(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
}

Tool tool_called(const std::string& name) {
  static const std::array<std::pair<const char*, Tool>, 12> names{{{"gcc", Tool::Gcc},
                                                                   {"cc", Tool::Gcc},
                                                                   {"c89", Tool::None},
                                                                   {"c99", Tool::None},
                                                                   {"g++", Tool::Gxx},
                                                                   {"c++", Tool::Gxx},
                                                                   {"gcc-ar", Tool::None},
                                                                   {"gcc-ranlib", Tool::None},
                                                                   {"ar", Tool::Ar},
                                                                   {"ranlib", Tool::Ranlib},
                                                                   {"as", Tool::As},
                                                                   {"ld", Tool::Ld}}};
  for (const auto& entry : names) {
    const std::string tool = entry.first;
    std::string rest = name;
    if (const size_t dash = rest.rfind('-'); dash != std::string::npos && is_version(rest.substr(dash + 1))) {
      rest.resize(dash);
    }
    if (rest == tool || (rest.ends_with("-" + tool) && rest.find("-linux-") != std::string::npos &&
                         !rest.ends_with("-gcc-" + tool))) {
      return entry.second;
    }
  }
  return Tool::None;
}

Tool tool_at(const std::string& program) {
  const Tool by_name = tool_called(fs::path(program).filename().string());
  std::error_code error;
  const std::string real = fs::canonical(program, error).filename().string();
  // "cc" may be any compiler: what the link leads to decides. "ld" likewise (x86_64-linux-gnu-ld.bfd, gold,
  // lld).
  if (by_name == Tool::Gcc || by_name == Tool::Gxx) {
    return error ? Tool::None : tool_called(real);
  }
  if (by_name == Tool::Ld) {
    return real.ends_with("ld.bfd") || tool_called(real) == Tool::Ld ? Tool::Ld : Tool::None;
  }
  return by_name;
}

// A script in a tool's place (a compiler wrapper of the user's own) is no tool that we know.
bool is_elf(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4> magic{};
  return file && ::read(file.get(), magic.data(), magic.size()) == 4 &&
         std::string_view(magic.data(), 4) ==
             "\x7F"
             "ELF";
}

Modelled run_model(const Invocation& invocation, const Tools& tools) {
  switch (tool_at(invocation.program)) {
    case Tool::Gcc:
      return model_gcc(invocation, tools, false);
    case Tool::Gxx:
      return model_gcc(invocation, tools, true);
    case Tool::Ar:
      return model_ar(invocation, tools);
    case Tool::Ranlib:
      return model_ranlib(invocation, tools);
    case Tool::As:
      return model_as(invocation, tools);
    case Tool::Ld:
      return model_ld(invocation, tools);
    case Tool::None:
      break;
  }
  return Declined{"no-model", invocation.program};
}

}  // namespace

GnuModels::GnuModels(View& view, object::Store& store, object::Records& records)
    : view_(view), store_(store), dependencies_(view, facts_, records), toolchains_(view.pristine_root()) {}

std::vector<std::string> GnuModels::tools(const std::string& path_variable) const {
  std::set<std::string> found;
  for (size_t from = 0; from <= path_variable.size();) {
    const size_t end = std::min(path_variable.find(':', from), path_variable.size());
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_variable.substr(from, end - from), error)) {
      const std::string path = entry.path().string();
      if (tool_at(path) == Tool::None || ::access(path.c_str(), X_OK) != 0 || !is_elf(path)) {
        continue;
      }
      const fs::path real = fs::canonical(path, error);
      if (!error) {
        found.insert(real.string());
      }
    }
    from = end + 1;
  }
  return {found.begin(), found.end()};
}

Inference GnuModels::infer(const Invocation& invocation) {
  if (invocation.argv.empty()) {
    return Declined{"no-arguments", ""};
  }
  const Tools tools{view_, facts_, dependencies_, toolchains_};
  Modelled modelled = run_model(invocation, tools);
  if (auto* declined = std::get_if<Declined>(&modelled)) {
    return *std::move(declined);
  }
  if (auto* must_read = std::get_if<MustRead>(&modelled)) {
    return *std::move(must_read);
  }
  auto inferred = build_thunk(std::get<Footprint>(modelled), view_, store_);
  if (!inferred) {
    return Declined{"cannot-build-thunk", inferred.error().message};
  }
  return *std::move(inferred);
}

std::optional<Inference> GnuModels::infer_again(const Invocation& invocation) {
  const Tool tool = tool_at(invocation.program);
  if (tool != Tool::Gcc && tool != Tool::Gxx) {
    return std::nullopt;
  }
  const auto read = [&](const std::string& path) {
    return base::read_file_if_there(absolute(path, invocation.working_directory));
  };
  const auto parsed = parse_gcc(invocation.argv, tool == Tool::Gxx, read);
  const auto* command = std::get_if<GccCommand>(&parsed);
  if (command == nullptr) {
    return std::nullopt;
  }
  const auto path = invocation.environment.find("PATH");
  const auto toolchain = toolchains_.find(
      invocation.program, path == invocation.environment.end() ? "/usr/bin:/bin" : path->second);
  for (const TranslationUnit& unit : translation_units(invocation, *command, toolchain->path_variable)) {
    dependencies_.forget(unit);
  }
  return infer(invocation);
}

}  // namespace model
