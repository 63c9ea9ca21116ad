#include "cli/worker_parts.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "model/dynamic_loader.hh"
#include "model/elf.hh"
#include "net/libcurl.hh"

#include <dlfcn.h>
#include <unistd.h>

#include <map>

namespace cli {

namespace {

constexpr const char* kAuthorities[] = {"/etc/ssl/certs/ca-certificates.crt",  // Debian and its like
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                        "/etc/ssl/cert.pem"};

std::string program(const std::string& given) {
  if (!given.empty()) {
    return absolute_path(given);
  }
  const std::string gg = base::link_target("/proc/self/exe").value_or("");
  const std::string beside = gg.substr(0, gg.rfind('/')) + "/gg-worker";
  if (::access(beside.c_str(), R_OK) != 0) {
    throw base::OperatorError("there is no '" + beside + "': say with --worker where gg-worker is");
  }
  return beside;
}

std::string authorities(const Settings& settings, const Environment& environment) {
  if (!settings.authorities.empty()) {
    return settings.authorities;
  }
  if (const auto bundle = environment.find("AWS_CA_BUNDLE");
      bundle != environment.end() && !bundle->second.empty()) {
    return bundle->second;
  }
  for (const char* path : kAuthorities) {
    if (::access(path, R_OK) == 0) {
      return path;
    }
  }
  throw base::OperatorError(
      "no certificates of authorities on this machine, which the worker's image has to hold (Debian: "
      "apt-get install ca-certificates)");
}

// The worker loads it when it needs it, so no ELF file leads there.
std::string curl_library() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(net::libcurl().init), &info) == 0 || info.dli_fname == nullptr) {
    throw base::OperatorError("cannot tell which file libcurl is");
  }
  return info.dli_fname;
}

// By the name that the loader looks for.
void add_libraries(const std::string& of, std::map<std::string, std::string>& found) {
  std::set<std::string> looked_at;
  for (const std::string& path : base::value_or_throw(model::runtime_files(of, looked_at))) {
    const auto elf = model::read_elf(path);
    if (elf && *elf && path != of) {  // and not the loader's cache
      found.emplace(path.substr(path.rfind('/') + 1), path);
    }
  }
}

}  // namespace

cloud::WorkerParts worker_parts(const std::string& worker, const Settings& settings,
                                const Environment& environment) {
  cloud::WorkerParts parts;
  parts.program = program(worker);
  const auto elf = base::value_or_throw(model::read_elf(parts.program));
  if (!elf || elf->interpreter.empty()) {
    throw base::OperatorError("'" + parts.program +
                              "' is no program that this machine could start: an image needs a gg-worker");
  }
  parts.loader = elf->interpreter;
  const std::string curl = curl_library();
  std::map<std::string, std::string> libraries{{curl.substr(curl.rfind('/') + 1), curl}};
  add_libraries(parts.program, libraries);
  add_libraries(curl, libraries);
  for (const auto& [name, path] : libraries) {
    parts.libraries.insert(path);
  }
  parts.authorities = authorities(settings, environment);
  parts.top = cloud::names_in("/");
  parts.etc = cloud::names_in("/etc");
  return parts;
}

}  // namespace cli
