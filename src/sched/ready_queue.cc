#include "sched/ready_queue.hh"

#include <algorithm>
#include <tuple>

namespace sched {

bool ReadyQueue::worse(const Entry& a, const Entry& b) {
  return std::tuple(a.hurried, a.path, b.node) < std::tuple(b.hurried, b.path, a.node);
}

void ReadyQueue::push(const Entry& entry, Key key) {
  auto found =
      std::find_if(classes_.begin(), classes_.end(), [key](const Class& one) { return one.key == key; });
  if (found == classes_.end()) {
    found = classes_.insert(found, Class{key, {}});
  }
  found->heap.push_back(entry);
  std::push_heap(found->heap.begin(), found->heap.end(), worse);
}

ReadyQueue::Entry ReadyQueue::pop(Class& from) {
  std::pop_heap(from.heap.begin(), from.heap.end(), worse);
  const Entry entry = from.heap.back();
  from.heap.pop_back();
  return entry;
}

}  // namespace sched
