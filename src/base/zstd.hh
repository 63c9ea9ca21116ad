#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_DCtx_s;

namespace base {

// zstd frames (RFC 8878).
[[nodiscard]] std::string zstd_compressed(std::string_view bytes);

// Takes a stream of frames in pieces of any size. One thread.
class ZstdReader {
 public:
  ZstdReader();

  // Appends to `out` what the piece adds to it. False: it is no zstd, or `out` would be longer than `most`;
  // then nothing more can be read.
  [[nodiscard]] bool take(std::string_view piece, std::string& out, uint64_t most);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace base
