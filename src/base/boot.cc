#include "base/boot.hh"

#include "base/files.hh"

namespace base {

std::string this_boot() {
  const std::string line = read_file_if_there("/proc/sys/kernel/random/boot_id").value_or("");
  return line.substr(0, line.find('\n'));
}

}  // namespace base
