#pragma once

#include "model/driver_options.hh"

namespace model {

// Of the drivers gcc, g++, cc, c++ (GCC's manual, "Invoking GCC").
[[nodiscard]] const DriverOptions& gcc_options();

// See DriverOptions. Other compilers take these for gcc's sake, many of them without a word.
[[nodiscard]] std::string_view gcc_neutral_f();

}  // namespace model
