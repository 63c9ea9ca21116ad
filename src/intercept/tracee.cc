#include "intercept/tracee.hh"

#include "base/files.hh"
#include "base/unique_fd.hh"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace intercept {

namespace {

constexpr size_t kPage = 4096;  // a read never crosses into a page that may not be there
constexpr size_t kShort = 256;  // most paths are shorter
constexpr size_t kLongest = 128U << 10U;
constexpr size_t kMostStrings = 100'000;

ssize_t read_memory(pid_t thread, uint64_t address, void* to, size_t bytes) {
  const iovec local{to, bytes};
  const iovec remote{reinterpret_cast<void*>(address), bytes};  // NOLINT: an address of another process
  return ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
}

std::string link_target(const std::string& path) {
  return base::link_target(path).value_or("");
}

// `path` from the thread's own root; "" where its directory lies outside of that.
std::string below_root(pid_t thread, int directory, const std::string& path) {
  if (path[0] == '/') {
    return path;
  }
  const std::string proc = "/proc/" + std::to_string(thread);
  std::string base =
      link_target(directory == AT_FDCWD ? proc + "/cwd" : proc + "/fd/" + std::to_string(directory));
  const std::string root = link_target(proc + "/root");
  if (root != "/") {
    if (base.compare(0, root.size(), root) != 0 || (base.size() > root.size() && base[root.size()] != '/')) {
      return "";
    }
    base.erase(0, root.size());
  }
  return base + "/" + path;
}

base::UniqueFd open_in_root(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  constexpr int kTries = 8;  // EAGAIN: something was renamed beside a ".." of the path meanwhile
  long fd = -1;
  for (int i = 0; i < kTries && fd < 0; ++i) {
    fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd < 0 && errno != EAGAIN) {
      break;
    }
  }
  return base::UniqueFd(static_cast<int>(fd));
}

}  // namespace

std::optional<std::string> read_string(pid_t thread, uint64_t address) {
  std::string text;
  std::array<char, kPage> chunk;  // NOLINT: filled by the read
  while (text.size() < kLongest) {
    const size_t room = std::min(kPage - address % kPage, text.empty() ? kShort : kPage);
    const ssize_t got = read_memory(thread, address, chunk.data(), room);
    if (got <= 0) {
      return std::nullopt;
    }
    const auto count = static_cast<size_t>(got);
    const void* end = std::memchr(chunk.data(), 0, count);
    if (end != nullptr) {
      return text.append(chunk.data(), static_cast<size_t>(static_cast<const char*>(end) - chunk.data()));
    }
    text.append(chunk.data(), count);
    address += count;
  }
  return std::nullopt;
}

std::optional<uint64_t> read_word(pid_t thread, uint64_t address, size_t bytes) {
  uint64_t word = 0;  // little-endian: the low bytes come first
  return read_memory(thread, address, &word, bytes) == static_cast<ssize_t>(bytes)
             ? std::optional<uint64_t>(word)
             : std::nullopt;
}

std::optional<std::vector<std::string>> read_strings(pid_t thread, uint64_t address, size_t pointer_bytes) {
  std::vector<std::string> strings;
  while (strings.size() < kMostStrings) {
    const auto pointer = read_word(thread, address, pointer_bytes);
    if (!pointer) {
      return std::nullopt;
    }
    if (*pointer == 0) {
      return strings;
    }
    auto string = read_string(thread, *pointer);
    if (!string) {
      return std::nullopt;
    }
    strings.push_back(std::move(*string));
    address += pointer_bytes;
  }
  return strings;
}

std::string reach(pid_t thread, int directory, const std::string& path) {
  const std::string proc = "/proc/" + std::to_string(thread);
  if (!path.empty() && path[0] == '/') {
    return proc + "/root" + path;
  }
  if (directory == AT_FDCWD) {
    return proc + "/cwd/" + path;
  }
  const std::string open = proc + "/fd/" + std::to_string(directory);
  return path.empty() ? open : open + "/" + path;
}

std::optional<struct stat> look_as_thread(pid_t thread, int directory, const std::string& path) {
  const std::string inside = path.empty() ? "" : below_root(thread, directory, path);
  if (inside.empty()) {
    return std::nullopt;
  }
  const std::string top = "/proc/" + std::to_string(thread) + "/root";
  const base::UniqueFd root(::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const base::UniqueFd file(root ? open_in_root(root.get(), inside) : base::UniqueFd());

  struct stat status {};

  return file && ::fstat(file.get(), &status) == 0 ? std::optional(status) : std::nullopt;
}

std::string real_path(const std::string& reached, Last last, const std::string& pristine_root) {
  std::string to_open = reached;
  std::string name;
  if (last == Last::AsItIs) {
    const size_t end = reached.find_last_not_of('/');
    const size_t slash = reached.rfind('/', end);
    if (end == std::string::npos || slash == std::string::npos) {
      return "";
    }
    name = reached.substr(slash, end + 1 - slash);
    to_open = reached.substr(0, slash + 1);
  }
  const base::UniqueFd fd(::open(to_open.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) {
    return "";
  }
  std::string path = link_target("/proc/self/fd/" + std::to_string(fd.get()));
  if (path.empty()) {
    return "";
  }
  if (!pristine_root.empty() && (path == pristine_root || path.starts_with(pristine_root + "/"))) {
    path.erase(0, pristine_root.size());
  }
  if (path == "/") {
    path.clear();
  }
  path += name;
  return path.empty() ? "/" : path;
}

}  // namespace intercept
