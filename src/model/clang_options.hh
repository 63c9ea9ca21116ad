#pragma once

#include "model/driver_options.hh"

namespace model {

// Of the drivers clang and clang++ ("Clang command line argument reference").
[[nodiscard]] const DriverOptions& clang_options();

// Of what clang's driver hands through with -Xclang and -mllvm: only those that touch no file.
[[nodiscard]] bool is_neutral_frontend_option(std::string_view word);
// Of these: does the next -Xclang give its value?
[[nodiscard]] bool takes_value(std::string_view word);
[[nodiscard]] bool is_neutral_backend_option(std::string_view word);

}  // namespace model
