#include "storage/local/copy.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "object/hash.hh"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace storage {

namespace {

constexpr size_t kChunk = 1U << 17U;

// On the heap: every thread of the program would clear an array at its start, also those that never copy.
std::vector<char>& chunk_of_this_thread() {
  thread_local std::vector<char> chunk(kChunk);
  return chunk;
}

// How far copy_file_range came; file systems that can't (or not across the two) say so in many ways.
uint64_t copy_in_kernel(int from, int to, uint64_t size) {
  off_t from_offset = 0;
  off_t to_offset = 0;
  while (static_cast<uint64_t>(from_offset) < size) {
    const size_t rest = size - static_cast<uint64_t>(from_offset);
    const ssize_t copied = ::copy_file_range(from, &from_offset, to, &to_offset, rest, 0);
    if (copied == 0 || (copied < 0 && errno != EINTR)) {
      break;  // the plain way goes on from here, and reports what is really wrong
    }
  }
  return static_cast<uint64_t>(from_offset);
}

void go_on_if(const base::StillWanted& wanted, std::string_view subject) {
  if (!base::is_wanted(wanted)) {
    throw base::SyscallError("read", subject, ECANCELED);
  }
}

}  // namespace

void copy_bytes(int from, int to, uint64_t size, std::string_view subject) {
  if (::ioctl(to, FICLONE, from) == 0) {
    return;
  }
  uint64_t done = copy_in_kernel(from, to, size);
  if (done < size && ::lseek(to, static_cast<off_t>(done), SEEK_SET) < 0) {
    throw base::SyscallError("seek in", subject);
  }
  std::vector<char>& chunk = chunk_of_this_thread();
  while (done < size) {
    const size_t got = std::min<uint64_t>(base::read_some_at(from, done, chunk, subject), size - done);
    if (got == 0) {
      throw base::SyscallError("copy all bytes to", subject, ESTALE);
    }
    base::write_all(to, {chunk.data(), got}, subject);
    done += got;
  }
}

object::Digest hash_from_start(int from, std::string_view subject, const base::StillWanted& wanted) {
  object::Hasher hasher;
  std::vector<char>& chunk = chunk_of_this_thread();
  for (uint64_t done = 0;;) {
    go_on_if(wanted, subject);
    const size_t got = base::read_some_at(from, done, chunk, subject);
    if (got == 0) {
      return hasher.take();
    }
    hasher.add({chunk.data(), got});
    done += got;
  }
}

object::Digest copy_and_hash(const HashedCopy& copy, const base::StillWanted& wanted) {
  if (::ioctl(copy.to, FICLONE, copy.from) == 0) {
    return hash_from_start(copy.to, copy.to_subject, wanted);
  }
  object::Hasher hasher;
  std::vector<char>& chunk = chunk_of_this_thread();
  for (uint64_t done = 0;;) {
    go_on_if(wanted, copy.from_subject);
    const size_t got = base::read_some_at(copy.from, done, chunk, copy.from_subject);
    if (got == 0) {
      return hasher.take();
    }
    hasher.add({chunk.data(), got});
    base::write_all(copy.to, {chunk.data(), got}, copy.to_subject);
    done += got;
  }
}

}  // namespace storage
