#include "sandbox/probe.hh"

#include "base/files.hh"
#include "sandbox/sandbox.hh"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sandbox {

namespace {

constexpr const char* kAdvice =
    "Without it a command would see every file and the network, so gg runs nothing that way unless asked to "
    "with "
    "--sandbox=none, and then remembers no result. To allow it: on Ubuntu 24.04 and later "
    "'sysctl kernel.apparmor_restrict_unprivileged_userns=0' or an AppArmor profile for gg, in Docker "
    "'--security-opt seccomp=unconfined --security-opt systempaths=unconfined' (or --privileged), elsewhere "
    "'sysctl user.max_user_namespaces=10000'.";

Capability setting(const std::string& name, const std::string& path, const std::string& bad) {
  const std::optional<std::string> text = base::read_file_if_there(path);
  const std::string value = text ? text->substr(0, text->find('\n')) : "";
  return {name, value != bad,
          path + (text ? " is " + value : " does not exist, so nothing is restricted there")};
}

Capability seccomp() {
  const std::optional<std::string> actions =
      base::read_file_if_there("/proc/sys/kernel/seccomp/actions_avail");
  return {"seccomp filters", actions.has_value(),
          actions ? "actions: " + actions->substr(0, actions->find('\n')) : "the kernel has none"};
}

Capability landlock() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return {"Landlock", version > 0,
          version > 0 ? "version " + std::to_string(version) + " (not needed: namespaces do its work)"
                      : std::string("not there (not needed): ") + std::strerror(errno)};
}

Capability overlayfs() {
  const std::optional<std::string> known = base::read_file_if_there("/proc/filesystems");
  const bool there = known && known->find("\toverlay\n") != std::string::npos;
  return {"overlayfs", there,
          there ? "known to the kernel" : "not listed in /proc/filesystems; 'modprobe overlay' may help"};
}

// Everything at once, the way it is used. That the program does not exist is the sign that all else worked.
Capability containers(std::string& refusal) {
  const base::TemporaryDirectory empty;
  const auto sandbox = Sandbox::open({{empty.path()}});
  base::Result<Ended> ended = base::failure("");
  if (sandbox) {
    Job job;
    job.argv = {"/none"};
    job.layers = {empty.path()};
    job.limits.time = std::chrono::seconds(10);
    ended = (*sandbox)->run(job, StopSignal());
  }
  const base::Error* const error = !sandbox ? &sandbox.error() : !ended ? &ended.error() : nullptr;
  if (error != nullptr) {
    refusal = "This machine refuses containers: " + error->message + ".\n" + kAdvice;
    return {"containers", false, error->message};
  }
  return {"containers", true, "one was made and entered"};
}

}  // namespace

Capabilities probe() {
  Capabilities found;
  const Capability all = containers(found.refusal);
  found.sandbox = all.there;
  found.details = {
      all,
      setting("user namespaces", "/proc/sys/user/max_user_namespaces", "0"),
      setting("user namespaces without privilege", "/proc/sys/kernel/unprivileged_userns_clone", "0"),
      setting("no AppArmor restriction", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
      overlayfs(),
      seccomp(),
      landlock()};
  return found;
}

}  // namespace sandbox
