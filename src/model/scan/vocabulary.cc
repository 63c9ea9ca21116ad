#include "model/scan/vocabulary.hh"

#include "base/errors.hh"

#include <cstring>

namespace model::scan {
namespace {

constexpr size_t kBlock = 1U << 16;

uint32_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ text.size();
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return static_cast<uint32_t>(hash ^ (hash >> 32U)) | 1U;
}

}  // namespace

Names::Names() : slots_(1U << 12U), hashes_(1U << 12U) {
  chunks_[0].store(new std::string_view[kChunk], std::memory_order_release);
}

Names::~Names() {
  for (auto& chunk : chunks_) {
    delete[] chunk.load(std::memory_order_relaxed);
  }
}

uint32_t Names::number(std::string_view text) {
  const uint32_t hash = hash_of(text);
  const std::scoped_lock lock(mutex_);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if (hashes_[at] == hash && this->text(slots_[at]) == text) {
      return slots_[at];
    }
  }
  const uint32_t number = count_.load(std::memory_order_relaxed) + 1;
  const uint32_t chunk = number >> kChunkBits;
  if (chunk >= kChunks) {
    throw base::OperatorError("the include scanner has met 67 million different names; restart the session");
  }
  if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
    chunks_[chunk].store(new std::string_view[kChunk], std::memory_order_release);
  }
  chunks_[chunk].load(std::memory_order_relaxed)[number & (kChunk - 1)] = keep(text);
  slots_[at] = number;
  hashes_[at] = hash;
  count_.store(number, std::memory_order_release);
  if (number * size_t{4} > slots_.size() * 3) {
    grow();
  }
  return number;
}

void Names::grow() {
  std::vector<uint32_t> slots(slots_.size() * 2);
  std::vector<uint32_t> hashes(slots.size());
  const size_t mask = slots.size() - 1;
  for (size_t old = 0; old < slots_.size(); ++old) {
    if (slots_[old] == 0) {
      continue;
    }
    size_t at = hashes_[old] & mask;
    while (slots[at] != 0) {
      at = (at + 1) & mask;
    }
    slots[at] = slots_[old];
    hashes[at] = hashes_[old];
  }
  slots_ = std::move(slots);
  hashes_ = std::move(hashes);
}

std::string_view Names::keep(std::string_view text) {
  if (text.size() > kBlock / 4) {
    // Of its own, so that a long literal wastes no block.
    blocks_.push_back(std::make_unique<char[]>(text.size()));
    std::memcpy(blocks_.back().get(), text.data(), text.size());
    return {blocks_.back().get(), text.size()};
  }
  if (text.size() > block_left_) {
    blocks_.push_back(std::make_unique<char[]>(kBlock));
    block_at_ = blocks_.back().get();
    block_left_ = kBlock;
  }
  char* kept = block_at_;
  std::memcpy(kept, text.data(), text.size());
  block_at_ += text.size();
  block_left_ -= text.size();
  return {kept, text.size()};
}

Vocabulary::Vocabulary() {
#define MODEL_SCAN_KNOWN(name, text) (void)identifiers.number(text);
#include "model/scan/known.inc"
#undef MODEL_SCAN_KNOWN
}

}  // namespace model::scan
