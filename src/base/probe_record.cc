#include "base/probe_record.hh"

#include "base/boot.hh"
#include "base/errors.hh"
#include "base/files.hh"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace base {

namespace {

// proc(5): the lines of /proc/self/status that say what the process may do.
std::string privileges() {
  const std::string status = read_file("/proc/self/status");
  std::string lines;
  for (const std::string_view name :
       {"Uid:", "Gid:", "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:"}) {
    const size_t start = status.find("\n" + std::string(name));
    if (start != std::string::npos) {
      lines += status.substr(start, status.find('\n', start + 1) - start);
    }
  }
  return lines;
}

std::string standing_of_this_process() {
  return this_boot() + "\n" + link_target("/proc/self/ns/user").value_or("") + "\n" +
         link_target("/proc/self/ns/mnt").value_or("") + privileges() + "\n";
}

}  // namespace

// Two files that processes of different standing share would overwrite one another for ever; it would only
// cost the probing that is saved otherwise.
ProbeRecord::ProbeRecord(std::string file)
    : file_(std::move(file)),
      standing_(standing_of_this_process()),
      found_(read_file_if_there(file_).value_or("")) {}

bool ProbeRecord::holds(std::string_view finding) const {
  return found_ == standing_ + std::string(finding);
}

void ProbeRecord::remember(std::string_view finding) {
  found_ = standing_ + std::string(finding);
  write_file_atomically(file_, found_, 0600);
}

void ProbeRecord::forget() {
  found_.clear();
  if (::unlink(file_.c_str()) != 0 && errno != ENOENT) {
    throw SyscallError("remove", file_);
  }
}

}  // namespace base
