#include "worker/image_root.hh"

#include "base/embedded.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "base/skeleton.hh"
#include "net/http.hh"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <string_view>

GG_EMBED(gg_path_shim, PATH_SHIM);

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPreload = "/gg/lib/path-shim.so";
constexpr const char* kAuthorities = "/gg/authorities.pem";
constexpr std::array kAuthoritiesHere{"/etc/ssl/certs/ca-certificates.crt",  // Debian and its like
                                      "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                      "/etc/ssl/cert.pem"};

// Real there: the kernel's, what places mount or write, and ours.
const std::set<std::string> kRealDirectories{"dev", "etc", "gg", "proc", "sys", "tmp", "var"};

// Where somebody's tools and sources may lie even if this machine has no such folder. .gg is of
// spec/dynamic.md.
const std::set<std::string> kUsual{".gg",  "bin",   "builds", "home", "lib",  "lib32", "lib64",    "libx32",
                                   "mnt",  "nix",   "opt",    "root", "sbin", "src",   "srv",      "usr",
                                   "work", "build", "data",   "run",  "code", "media", "workspace"};

// Of /etc: real there, since the worker itself or the place needs them.
const std::set<std::string> kRealInEtc{"group",       "hostname", "hosts",         "ld.so.preload",
                                       "localtime",   "mtab",     "nsswitch.conf", "passwd",
                                       "resolv.conf", "shadow",   "gshadow"};
const std::set<std::string> kUsualInEtc{"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"};

void make_link(const std::string& root, const std::string& path) {
  const std::string target = base::kSkeletonTree + path;
  if (::symlink(target.c_str(), (root + path).c_str()) != 0) {
    throw base::SyscallError("create symlink", root + path);
  }
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  std::error_code ignored;  // a folder that cannot be read has only the usual names
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

void make_links(const std::string& root, const std::string& folder, std::set<std::string> names,
                const std::set<std::string>& real) {
  names.merge(names_in(folder));
  for (const std::string& name : names) {
    if (real.count(name) == 0) {
      make_link(root, (folder == "/" ? "" : folder) + "/" + name);
    }
  }
}

void write(const std::string& path, std::string_view bytes, mode_t mode) {
  base::write_file_atomically(path, bytes, mode);
  if (::chmod(path.c_str(), mode) != 0) {
    throw base::SyscallError("change the mode of", path);
  }
}

std::string trusted_here() {
  for (const char* path : kAuthoritiesHere) {
    if (::access(path, R_OK) == 0) {
      return path;
    }
  }
  throw base::OperatorError(
      "there are no certificates of authorities on this machine, whom a worker is to trust (Debian: apt-get "
      "install "
      "ca-certificates); say --ca FILE");
}

// Of this process: the loader and libraries.
std::vector<std::string> loaded_files() {
  const net::HttpClient loads_libcurl{net::HttpClient::Options{}};
  std::vector<std::string> files;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, size_t /*size*/, void* to) {
        const std::string name = info->dlpi_name;  // empty: the program; "linux-vdso.so.1": no file
        if (name.starts_with('/') && name != kPreload) {
          static_cast<std::vector<std::string>*>(to)->push_back(name);
        }
        return 0;
      },
      &files);
  return files;
}

}  // namespace

std::vector<std::string> make_image_root(const std::string& directory, const std::string& authorities) {
  const std::string root = fs::absolute(directory).string();
  base::make_directories(root, 0755);
  for (const char* path :
       {"/gg/bin", "/gg/lib", "/dev", "/etc", "/proc", "/sys", "/tmp", "/var/task", "/var/tmp"}) {
    base::make_directories(root + path, 0755);
  }
  for (const char* path : {"/tmp", "/var/tmp"}) {
    fs::permissions(root + path, static_cast<fs::perms>(01777));
  }
  make_links(root, "/", kUsual, kRealDirectories);
  make_links(root, "/etc", kUsualInEtc, kRealInEtc);
  write(root + "/etc/ld.so.preload", std::string(kPreload) + "\n", 0644);
  for (const char* path : {"/etc/hosts", "/etc/resolv.conf"}) {
    write(root + path, "", 0644);
  }
  write(root + "/gg/bin/gg-worker", base::read_file("/proc/self/exe"), 0755);
  write(root + kPreload, std::string_view GG_EMBEDDED(gg_path_shim), 0755);
  std::string loader;
  for (const std::string& file : loaded_files()) {
    const std::string name = fs::path(file).filename().string();
    loader = name.starts_with("ld-") ? name : loader;
    write(root + "/gg/lib/" + name, base::read_file(file), 0755);
  }
  write(root + kAuthorities, base::read_file(authorities.empty() ? trusted_here() : authorities), 0644);
  return {"/gg/lib/" + loader, "--library-path", "/gg/lib", "/gg/bin/gg-worker", "--ca", kAuthorities};
}

}  // namespace worker
