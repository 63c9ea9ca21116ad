#pragma once

#include "model/driver_options.hh"

namespace model {

// Of the drivers gcc, g++, cc, c++ (GCC's manual, "Invoking GCC").
[[nodiscard]] const DriverOptions& gcc_options();

}  // namespace model
