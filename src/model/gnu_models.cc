#include "model/gnu_models.hh"

#include "base/errors.hh"
#include "model/paths.hh"
#include "model/step.hh"
#include "model/tool_names.hh"

namespace model {

GnuModels::GnuModels(View& view, object::Store& store, object::Records& records,
                     std::vector<DescribedTool> described)
    : dependencies_(view, records, clock_),
      toolchains_(records, clock_, view.pristine_root()),
      linker_calls_(records, view.pristine_root()),
      builder_(view, store),
      gcc_(view, store, dependencies_, toolchains_, linker_calls_, builder_, links_),
      binutils_(view, store, toolchains_, builder_, links_),
      object_copy_(view, store, toolchains_, builder_),
      nasm_(view, toolchains_, builder_, clock_),
      described_(std::move(described), view, toolchains_, builder_) {}

namespace {

// Which driver the program is; nullopt: none.
std::optional<Driver> driver_of(const Invocation& invocation) {
  const auto tool = tool_at(invocation.program);
  if (tool == Tool::Gcc || tool == Tool::Gxx || tool == Tool::Cpp) {
    return tool == Tool::Gcc ? Driver::C : tool == Tool::Gxx ? Driver::Cxx : Driver::Preprocessor;
  }
  const auto mode = tool == Tool::Clang && !invocation.argv.empty()
                        ? clang_mode(base_name(invocation.argv[0]))
                        : std::nullopt;
  return mode ? std::optional(*mode == ClangMode::C ? Driver::ClangC : Driver::ClangCxx) : std::nullopt;
}

bool is_changing(const Inference& answer) {
  const auto* declined = std::get_if<Declined>(&answer);
  return declined != nullptr && declined->reason == kChangingInput;
}

}  // namespace

std::vector<std::string> GnuModels::tools(const std::string& path_variable) const {
  return tools_on_path(path_variable, [this](const std::string& name) { return described_.knows(name); });
}

base::Result<Inference> GnuModels::dispatch(const Invocation& invocation, GccModel::Asking asking) {
  if (invocation.argv.empty() || !invocation.working_directory.starts_with('/')) {
    return Inference(Declined{"odd-invocation", invocation.program});
  }
  const auto tool = tool_at(invocation.program);
  if (!tool) {
    auto answer = described_.infer(invocation);
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    return *answer ? **std::move(answer) : Inference(Declined{"unknown-tool", invocation.program});
  }
  if (const auto driver = driver_of(invocation)) {
    return gcc_.infer(*driver, invocation, asking);
  }
  switch (*tool) {
    case Tool::Gcc:
    case Tool::Gxx:
    case Tool::Cpp:
    case Tool::Clang:
      break;  // clang by the name of another program: clang-cpp, clang-cl
    case Tool::Ar:
      return binutils_.ar(invocation);
    case Tool::Ranlib:
      return binutils_.ranlib(invocation);
    case Tool::LlvmAr:
      return is_ranlib(base_name(invocation.argv[0])) ? binutils_.ranlib(invocation)
                                                      : binutils_.ar(invocation);
    case Tool::Lld:
    case Tool::Mold:
      if (!is_elf_linker(base_name(invocation.argv[0]))) {
        break;
      }
      [[fallthrough]];
    case Tool::Ld:
      return binutils_.ld(invocation);
    case Tool::As:
      return binutils_.as(invocation);
    case Tool::Strip:
      return object_copy_.strip(invocation);
    case Tool::Objcopy:
      return object_copy_.objcopy(invocation);
    case Tool::LlvmObjcopy:
      if (const auto copier = object_copier(base_name(invocation.argv[0]))) {
        return *copier == Tool::Strip ? object_copy_.strip(invocation) : object_copy_.objcopy(invocation);
      }
      break;
    case Tool::Nasm:
      return nasm_.infer(NasmModel::Assembler::Nasm, invocation);
    case Tool::Yasm:
      return nasm_.infer(NasmModel::Assembler::Yasm, invocation);
    case Tool::Reader:
      return Inference(Declined{"reads-only", std::string(base_name(invocation.program))});
    case Tool::Other:
      return Inference(Declined{"no-model", invocation.program});
  }
  return Inference(Declined{"unknown-tool", invocation.program});
}

base::Result<Inference> GnuModels::guarded(const Invocation& invocation, GccModel::Asking asking) {
  try {
    return dispatch(invocation, asking);
  } catch (const base::OperatorError& error) {  // a toolchain with a part missing
    return base::failure(error.what());
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  }
}

// Whatever the tool: inputs that did not hold still may do so now.
base::Result<Inference> GnuModels::until_steady(const Invocation& invocation, GccModel::Asking asking) {
  constexpr int kAttempts = 5;
  auto answer = guarded(invocation, asking);
  for (int attempt = 1; attempt < kAttempts && answer && is_changing(*answer); ++attempt) {
    answer = guarded(invocation, asking);
  }
  return answer;
}

Inference GnuModels::infer(const Invocation& invocation) {
  return timed(invocation, GccModel::Asking::Any);
}

Inference GnuModels::timed(const Invocation& invocation, GccModel::Asking asking) {
  const base::Nanoseconds start = clock_.steady();
  auto answer = until_steady(invocation, asking);
  ++inferences_;
  nanoseconds_ += (clock_.steady() - start).count();
  // Whatever could not be looked at here, the real command meets as well, and says so in its own words.
  return answer ? *std::move(answer) : Inference(Declined{"error", answer.error().message});
}

base::Result<bool> GnuModels::keep(const Inferred& inferred) {
  return builder_.keep(*inferred.materials);
}

std::optional<Inference> GnuModels::infer_again(const Invocation& invocation) {
  const auto driver = driver_of(invocation);
  if (!driver) {
    return std::nullopt;
  }
  return timed(invocation, GccModel::Asking::Compiler);
}

GnuModels::Statistics GnuModels::statistics() const {
  return {inferences_, base::Nanoseconds(nanoseconds_), dependencies_.counts()};
}

}  // namespace model
