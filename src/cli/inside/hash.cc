// object/hash.hh once more, for a program that lives for a millisecond: OpenSSL's plain functions need no
// set-up and no part of its provider machinery, which is most of a static libcrypto.
#define OPENSSL_SUPPRESS_DEPRECATED  // deprecated in favour of just that machinery
#include "object/hash.hh"

#include "base/files.hh"

#include <openssl/sha.h>

#include <array>

namespace object {

namespace {

class Sha256 {
 public:
  Sha256() { SHA256_Init(&context_); }

  void add(const char* bytes, size_t size) {
    SHA256_Update(&context_, bytes, size);
    size_ += size;
  }

  [[nodiscard]] Digest take() {
    Digest::Hash hash{};
    SHA256_Final(hash.data(), &context_);
    return {hash, size_};
  }

 private:
  SHA256_CTX context_{};
  uint64_t size_ = 0;
};

}  // namespace

Digest hash(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes.data(), bytes.size());
  return sha.take();
}

Digest hash_file(int fd, std::string_view subject) {
  Sha256 sha;
  std::array<char, 1U << 16U> chunk{};
  for (;;) {
    const size_t got = base::read_some(fd, chunk, subject);
    if (got == 0) {
      return sha.take();
    }
    sha.add(chunk.data(), got);
  }
}

}  // namespace object
