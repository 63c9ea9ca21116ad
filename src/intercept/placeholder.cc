#include "intercept/placeholder.hh"

#include "base/unique_fd.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

namespace intercept {

namespace {

constexpr std::string_view kMagic = "gg placeholder v1\n";
constexpr std::string_view kThunk = "thunk ";
constexpr std::string_view kOutput = "output ";

// For the person who opens it. No character that a shell would act on: a shell that is given the file as a
// script must fail on it and do nothing.
constexpr std::string_view kAdvice =
    "\n"
    "This file stands for the output of a command that gg has not run yet.\n"
    "The command\n"
    "    gg force FILE\n"
    "puts the real file in its place.\n";

constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@";
constexpr std::string_view kHex = "0123456789ABCDEF";

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (kPlain.find(c) != std::string_view::npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const size_t high = i + 1 < text.size() ? kHex.find(text[i + 1]) : std::string_view::npos;
    const size_t low = i + 2 < text.size() ? kHex.find(text[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

// The rest of a line that starts with `key`; `bytes` moves past it.
std::optional<std::string_view> take_line(std::string_view& bytes, std::string_view key) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos || bytes.substr(0, key.size()) != key) {
    return std::nullopt;
  }
  const std::string_view value = bytes.substr(key.size(), end - key.size());
  bytes.remove_prefix(end + 1);
  return value;
}

}  // namespace

std::optional<std::string> placeholder_text(const object::Promise& promise) {
  std::string text(kMagic);
  text += std::string(kThunk) + promise.thunk.to_string() + "\n";
  text += std::string(kOutput) + escaped(promise.output) + "\n";
  text += kAdvice;
  if (text.size() > kPlaceholderBytes) {
    return std::nullopt;
  }
  text.append(kPlaceholderBytes - text.size(), '\n');
  return text;
}

std::optional<object::Promise> parse_placeholder(std::string_view bytes) {
  if (bytes.size() != kPlaceholderBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return std::nullopt;
  }
  std::string_view rest = bytes.substr(kMagic.size());
  const auto thunk_text = take_line(rest, kThunk);
  const auto output_text = thunk_text ? take_line(rest, kOutput) : std::nullopt;
  if (!output_text) {
    return std::nullopt;
  }
  const auto thunk = object::Digest::parse(*thunk_text);
  const auto output = unescaped(*output_text);
  if (!thunk || !output) {
    return std::nullopt;
  }
  object::Promise promise{*thunk, *output};
  // Only the very bytes count: an edited placeholder is somebody's file.
  if (placeholder_text(promise) != std::optional<std::string>(bytes)) {
    return std::nullopt;
  }
  return promise;
}

std::optional<object::Promise> read_placeholder(int fd) {
  struct stat status {};

  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != kPlaceholderBytes) {
    return std::nullopt;
  }
  std::array<char, kPlaceholderBytes + 1> bytes{};
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  return got < 0 ? std::nullopt : parse_placeholder({bytes.data(), static_cast<size_t>(got)});
}

std::optional<object::Promise> read_placeholder(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode) || status.st_size != kPlaceholderBytes) {
    return std::nullopt;
  }
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  return fd ? read_placeholder(fd.get()) : std::nullopt;
}

std::optional<object::Promise> read_placeholder(const std::string& path) {
  struct stat status {};

  // stat first: it is cheap, and opening may block (a FIFO) or have effects (a device).
  return ::lstat(path.c_str(), &status) == 0 ? read_placeholder(path, status) : std::nullopt;
}

}  // namespace intercept
