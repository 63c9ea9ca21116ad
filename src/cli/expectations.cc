#include "cli/expectations.hh"

#include "base/errors.hh"
#include "base/files.hh"

namespace cli {

Expectations::~Expectations() {
  durations_.with([this](const std::optional<sched::Durations>& durations) {
    try {
      if (!durations || !durations->has_learnt()) {
        base::remove_abandoned_temporary(path_);
        return;
      }
      base::write_file_atomically(path_, durations->encode());
    } catch (const base::SyscallError&) {
      // The next run expects what this one did. (A full disk has been spoken of by now.)
    }
  });
}

std::string Expectations::kind_of(const std::string& label) {
  return label.substr(0, label.find(' '));
}

sched::Durations& Expectations::loaded(std::optional<sched::Durations>& durations) const {
  if (!durations) {
    durations.emplace();
    try {
      durations = sched::Durations::decode(base::read_file_if_there(path_).value_or(""));
    } catch (const base::SyscallError&) {
      // As if there were none.
    }
  }
  return *durations;
}

uint32_t Expectations::weight(const std::string& label) {
  return durations_.with([&](auto& durations) { return loaded(durations).weight(kind_of(label), label); });
}

void Expectations::learn(const std::string& label, base::Nanoseconds took) {
  durations_.with([&](auto& durations) { loaded(durations).learn(kind_of(label), label, took); });
}

}  // namespace cli
