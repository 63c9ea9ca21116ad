#pragma once

#include <string>
#include <string_view>

namespace base {

// What the kernel lets a process do (make namespaces, supervise system calls) is only found out by trying,
// which takes milliseconds. What was found is kept in a file, and holds for every process of the same
// standing (user, capabilities, namespaces, filters) until the machine starts anew. An
// administrator may still forbid it meanwhile: then the deed itself fails, and whoever relied on the record
// forgets it.
//
// Any process, at any time; one thread an object. Throws SyscallError where the file cannot be used.
class ProbeRecord {
 public:
  explicit ProbeRecord(std::string file);

  // Was `finding` remembered by a process of this standing?
  [[nodiscard]] bool holds(std::string_view finding) const;

  void remember(std::string_view finding);
  void forget();

 private:
  std::string file_;
  std::string standing_;
  std::string found_;
};

}  // namespace base
