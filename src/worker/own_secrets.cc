#include "worker/own_secrets.hh"

#include <sys/prctl.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

extern "C" char** environ;

namespace worker {

namespace {

// What libraries of ours still look at, and where they find the way out.
constexpr std::array kKept{"http_proxy", "https_proxy",   "HTTPS_PROXY", "no_proxy",
                           "NO_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR"};

}  // namespace

void hide_own_secrets() {
  std::vector<std::pair<const char*, std::string>> kept;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) {  // NOLINT(concurrency-mt-unsafe): before any thread
      kept.emplace_back(name, value);
    }
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    ::explicit_bzero(*entry, std::strlen(*entry));  // /proc/PID/environ shows this very memory
  }
  if (environ != nullptr) {
    *environ = nullptr;
  }
  for (const auto& [name, value] : kept) {
    ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): likewise
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no ptrace, no /proc/PID/mem for others of this user
}

}  // namespace worker
