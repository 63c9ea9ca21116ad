#include "object/hash.hh"

#include "base/files.hh"

#include <openssl/evp.h>

#include <stdexcept>
#include <vector>

namespace object {

namespace {

// Looking the algorithm up costs more than hashing a small object, so it's done once.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (algorithm == nullptr) {
    throw std::runtime_error("OpenSSL offers no SHA-256");
  }
  return algorithm;
}

void require(int ok, const char* what) {
  if (ok != 1) {
    throw std::runtime_error(std::string("OpenSSL failed to ") + what);
  }
}

}  // namespace

void Hasher::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  require(EVP_DigestInit_ex(context_.get(), sha256(), nullptr), "start a hash");
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::add(std::string_view bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "hash");
  size_ += bytes.size();
}

Digest Hasher::take() {
  Digest::Hash bytes{};
  require(EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr), "finish a hash");
  require(EVP_DigestInit_ex(context_.get(), sha256(), nullptr), "start a hash");
  const Digest digest(bytes, size_);
  size_ = 0;
  return digest;
}

Digest hash(std::string_view bytes) {
  thread_local Hasher hasher;
  hasher.add(bytes);
  return hasher.take();
}

Digest hash_file(int fd, std::string_view subject) {
  Hasher hasher;
  // On the heap: every thread of the program would clear an array at its start, also those that never hash.
  thread_local std::vector<char> chunk(1U << 17U);
  for (;;) {
    const size_t got = base::read_some(fd, chunk, subject);
    if (got == 0) {
      return hasher.take();
    }
    hasher.add({chunk.data(), got});
  }
}

}  // namespace object
