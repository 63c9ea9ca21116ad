#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

enum class Tool : unsigned char {
  Gcc,
  Gxx,
  Cpp,
  Clang,
  Ar,
  Ranlib,
  LlvmAr,
  Ld,
  Lld,
  Mold,
  As,
  Strip,
  Objcopy,
  LlvmObjcopy,
  Nasm,
  Yasm,
  Reader,  // prints what it reads, and makes no file: nm, readelf, size
  Other,   // a compiler without a model, stood in for so that it is counted and held to the cores there are
};

// What a program file of this name is: "x86_64-linux-gnu-gcc-12" is Gcc. Wrappers (ccache, c99) and other
// compilers are nullopt. The name of the file itself counts, not that of a link to it.
[[nodiscard]] std::optional<Tool> tool_called(std::string_view base_name);

// Is llvm-ar called by a name that makes it a ranlib?
[[nodiscard]] bool is_ranlib(std::string_view name);

// What llvm-objcopy takes itself for when called by this name; nullopt: for something else than the two.
[[nodiscard]] std::optional<Tool> object_copier(std::string_view name);

// Does lld (or mold) take itself for a linker of ELF files when called by this name, as others than ld64.lld,
// lld-link and wasm-ld do?
[[nodiscard]] bool is_elf_linker(std::string_view name);

// What clang takes itself for when called by this name, as its driver does (ToolChain.cpp): "clang++-14" is a
// compiler of C++. Nullopt: something else than a compiler ("clang-cpp", "clang-cl").
enum class ClangMode : unsigned char { C, Cxx };
[[nodiscard]] std::optional<ClangMode> clang_mode(std::string_view name);

// The gcc whose search for programs gcc-ar or gcc-ranlib at `archiver` shares: the one beside it, which may
// not be there. Nullopt for an archiver that works itself.
[[nodiscard]] std::optional<std::string> driver_behind(const std::string& archiver);

// What the file that the path leads to is called; "" if there is none.
[[nodiscard]] std::string real_name(const std::string& path);

// What that is. A script is nothing that a model could stand in for, whatever it is called: it may run
// anything, and what it runs is stood in for by itself.
[[nodiscard]] std::optional<Tool> tool_at(const std::string& path);

// Does an interpreter run the file at the path?
[[nodiscard]] bool is_script(const std::string& path);

using IsTool = std::function<bool(const std::string& base_name)>;

// Every file that a tool on this PATH is, symlinks followed, each once, sorted. Beside our own, whatever is
// called by a name that `is_described` accepts.
[[nodiscard]] std::vector<std::string> tools_on_path(const std::string& path_variable,
                                                     const IsTool& is_described);

}  // namespace model
