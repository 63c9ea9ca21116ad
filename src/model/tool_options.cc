#include "model/tool_options.hh"

#include "model/binutils_options.hh"
#include "model/clang_options.hh"
#include "model/driver_options.hh"
#include "model/gcc_options.hh"
#include "model/nasm.hh"

namespace model {

std::optional<Match> match_option(Tool tool, const std::vector<std::string>& words, size_t at) {
  switch (tool) {
    case Tool::Gcc:
    case Tool::Gxx:
    case Tool::Cpp:
    case Tool::Other:
      return gcc_options().match(words, at);
    case Tool::Clang:
      return clang_options().match(words, at);
    case Tool::Ld:
    case Tool::Lld:
    case Tool::Mold:
      return match_ld(words, at);
    case Tool::As:
      return match(as_options(), words, at);
    case Tool::Strip:
    case Tool::Objcopy:
    case Tool::LlvmObjcopy:
      return match(object_copy_options(), words, at);
    case Tool::Nasm:
      return match(nasm_options(), words, at);
    case Tool::Yasm:
      return match(yasm_options(), words, at);
    case Tool::Ar:
    case Tool::Ranlib:
    case Tool::LlvmAr:
    case Tool::Reader:
      break;
  }
  return std::nullopt;
}

}  // namespace model
