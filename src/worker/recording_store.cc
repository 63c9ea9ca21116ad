#include "worker/recording_store.hh"

#include <utility>

namespace worker {

std::vector<object::Digest> RecordingStore::take() {
  const std::scoped_lock lock(mutex_);
  seen_.clear();
  return std::exchange(put_, {});
}

base::Result<object::Digest> RecordingStore::put(std::string_view bytes) {
  auto put = store_.put(bytes);
  note(put);
  return put;
}

base::Result<object::Digest> RecordingStore::put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) {
  auto put = store_.put_file(fd, subject, wanted);
  note(put);
  return put;
}

void RecordingStore::note(const base::Result<object::Digest>& put) {
  const std::scoped_lock lock(mutex_);
  if (put && seen_.insert(*put).second) {
    put_.push_back(*put);
  }
}

}  // namespace worker
