#include "intercept/tracee.hh"

#include "base/unique_fd.hh"

#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace intercept {

namespace {

constexpr size_t kPage = 4096;  // a read never crosses into a page that may not be there
constexpr size_t kLongest = 128U << 10U;
constexpr size_t kMostStrings = 100'000;

ssize_t read_memory(pid_t thread, uint64_t address, void* to, size_t bytes) {
  const iovec local{to, bytes};
  const iovec remote{reinterpret_cast<void*>(address), bytes};  // NOLINT: an address of another process
  return ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
}

}  // namespace

std::optional<std::string> read_string(pid_t thread, uint64_t address) {
  std::string text;
  std::array<char, kPage> chunk{};
  while (text.size() < kLongest) {
    const size_t room = kPage - address % kPage;
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
  std::array<char, PATH_MAX> target{};
  const ssize_t bytes =
      ::readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), target.data(), target.size());
  if (bytes <= 0) {
    return "";
  }
  std::string path(target.data(), static_cast<size_t>(bytes));
  if (path == "/") {
    path.clear();
  }
  path += name;
  if (!pristine_root.empty() && path.compare(0, pristine_root.size() + 1, pristine_root + "/") == 0) {
    path.erase(0, pristine_root.size());
  }
  return path;
}

}  // namespace intercept
