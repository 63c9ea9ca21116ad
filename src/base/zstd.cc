#include "base/zstd.hh"

#include <zstd.h>

#include <algorithm>
#include <new>

namespace base {

std::string zstd_compressed(std::string_view bytes) {
  constexpr int kLevel = 3;  // some 300 MB/s a core; what is sent is seldom sent again
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t length = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(length) != 0) {
    throw std::bad_alloc();  // nothing else can be wrong with a buffer of this size
  }
  frame.resize(length);
  return frame;
}

void ZstdReader::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

ZstdReader::ZstdReader() : context_(ZSTD_createDCtx()) {
  if (!context_) {
    throw std::bad_alloc();
  }
}

bool ZstdReader::take(std::string_view piece, std::string& out, uint64_t most) {
  ZSTD_inBuffer in{piece.data(), piece.size(), 0};
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  size_t written = chunk.size();
  // A full chunk may not have been all that was left inside.
  while (in.pos < in.size || written == chunk.size()) {
    ZSTD_outBuffer made{chunk.data(), chunk.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context_.get(), &made, &in)) != 0) {
      return false;
    }
    written = made.pos;
    if (written > most - std::min<uint64_t>(most, out.size())) {
      return false;
    }
    out.append(chunk, 0, written);
  }
  return true;
}

}  // namespace base
