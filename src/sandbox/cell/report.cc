#include "sandbox/cell/report.hh"

#include "sandbox/cell/channel.hh"

#include <unistd.h>

#include <algorithm>

namespace cell {

namespace {

template <size_t N>
void copy(char (&to)[N], std::string_view from) {
  const size_t size = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), size);
  to[size] = '\0';
}

}  // namespace

void note_failure(sandbox::wire::Report& report, sandbox::wire::How how, std::string_view attempt,
                  std::string_view subject, int error) {
  report.how = how;
  report.error = error;
  copy(report.attempt, attempt);
  copy(report.subject, subject);
}

void Stage::refused(std::string_view attempt, std::string_view subject) const {
  note_failure(report_, sandbox::wire::How::Refused, attempt, subject);
  if (tell_ == Tell::Gg) {
    answer(report_);
  }
  ::_exit(1);
}

void answer(const sandbox::wire::Report& report) {
  const char byte = sandbox::wire::kReportComes;
  if (!send_all(std::string_view(&byte, 1)) ||
      !send_all(std::string_view(reinterpret_cast<const char*>(&report), sizeof report))) {
    ::_exit(0);
  }
}

}  // namespace cell
