#include "sandbox/cell/channel.hh"

#include "sandbox/wire.hh"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace cell {

namespace {

using sandbox::wire::kSocket;

bool receive_all(char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(kSocket, to, size, 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    to += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

// One byte, and the descriptors that came with it.
ssize_t receive_descriptors(char& byte, std::array<int, 3>& descriptors) {
  iovec data{&byte, 1};
  std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(kSocket, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header != nullptr && header->cmsg_len <= CMSG_LEN(sizeof descriptors)) {
    std::memcpy(descriptors.data(), CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
  }
  return got;
}

}  // namespace

std::optional<Message> receive() {
  char byte = 0;
  std::array<int, 3> descriptors{-1, -1, -1};
  ssize_t got = 0;
  do {  // a late request to kill may lie before the message: its container has ended by itself
    got = receive_descriptors(byte, descriptors);
  } while ((got < 0 && errno == EINTR) || (got > 0 && byte == sandbox::wire::kKill));
  uint64_t size = 0;
  if (got <= 0 || !receive_all(reinterpret_cast<char*>(&size), sizeof size)) {
    return std::nullopt;
  }
  Message message{std::string(size, '\0'), descriptors[0], descriptors[1], descriptors[2]};
  if (!receive_all(message.bytes.data(), size)) {
    return std::nullopt;
  }
  return message;
}

bool send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(kSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace cell
