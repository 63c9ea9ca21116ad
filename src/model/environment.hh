#pragma once

#include "model/model.hh"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace model {

// The part of it that any program may look at: locale, PWD, SOURCE_DATE_EPOCH, and that PATH. Declined when a
// variable leads libc to other files.
[[nodiscard]] std::variant<std::map<std::string, std::string>, Declined> plain_environment(
    const Invocation& invocation, const std::string& path_variable);

// The environment of a compiler's or a linker's thunk: only what can change a compiler's answer, and what
// says the same in several ways reduced to one ("C" and no locale at all). Declined when a variable changes
// where tools or files are found in ways that are not modelled.
[[nodiscard]] std::variant<std::map<std::string, std::string>, Declined> thunk_environment(
    const Invocation& invocation, const std::string& path_variable);

// The PATH by which the command would find a program, each folder absolute: libc's own where none is set.
[[nodiscard]] std::string path_variable_of(const Invocation& invocation);

// Files that a process in this environment reads to speak its language: locales and message catalogues. Empty
// for C.
[[nodiscard]] std::vector<std::string> locale_files(const std::map<std::string, std::string>& environment);

// Between which character sets libc's iconv has to convert. UTF-8 is built into it, but it looks at the list
// of its modules all the same.
enum class Charsets : unsigned char { None, Listed, All };

// For a process in this environment.
[[nodiscard]] Charsets charsets_of(const std::map<std::string, std::string>& environment);

// Files by which the libc at `libc` does so: in a folder beside it. Throws base::OperatorError if that cannot
// be looked through.
[[nodiscard]] std::vector<std::string> charset_files(const std::string& libc, Charsets charsets);

}  // namespace model
