#pragma once

#include "sched/node.hh"

#include <cstdint>
#include <optional>
#include <vector>

namespace sched {

// Nodes that could start, best first: hurried ones, then those with most work behind them, then the oldest.
// Entries may be stale or repeated (a node that became more urgent is pushed again); the owner says which
// still count.
class ReadyQueue {
 public:
  struct Entry {
    bool hurried = false;
    uint32_t path = 0;
    NodeId node = kNoNode;
    uint32_t serial = 0;
  };

  // What decides who may take it.
  struct Key {
    uint32_t refused = 0;  // engines that have turned it down, a bit each
    uint32_t needs = 0;    // index of what it needs

    bool operator==(const Key&) const = default;
  };

  void push(const Entry& entry, Key key);

  // The best entry that `counts` (bool(Entry, Key)) and whose key they `allow` (bool(Key)); removed.
  template <class Counts, class Allow>
  [[nodiscard]] std::optional<Entry> take(const Counts& counts, const Allow& allow) {
    Class* best = nullptr;
    for (Class& one : classes_) {
      drop_stale(one, counts);
      if (!one.heap.empty() && allow(one.key) &&
          (best == nullptr || worse(best->heap.front(), one.heap.front()))) {
        best = &one;
      }
    }
    return best == nullptr ? std::nullopt : std::optional<Entry>(pop(*best));
  }

  template <class Visit>
  void each(const Visit& visit) const {
    for (const Class& one : classes_) {
      for (const Entry& entry : one.heap) {
        visit(entry, one.key);
      }
    }
  }

 private:
  // Jobs that the same engines may take. There are few: most have been refused nothing and need nothing
  // special.
  struct Class {
    Key key;
    std::vector<Entry> heap;
  };

  static bool worse(const Entry& a, const Entry& b);
  static Entry pop(Class& from);

  template <class Counts>
  static void drop_stale(Class& one, const Counts& counts) {
    while (!one.heap.empty() && !counts(one.heap.front(), one.key)) {
      (void)pop(one);
    }
  }

  std::vector<Class> classes_;
};

}  // namespace sched
