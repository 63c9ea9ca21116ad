#include "intercept/filter.hh"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <map>

namespace intercept {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr uint32_t kX32Bit = 0x40000000U;
#elif defined(__aarch64__)
constexpr uint32_t kNative = AUDIT_ARCH_AARCH64;
#else
#error "seccomp filter: this processor's calls are not written down yet (src/intercept/filter.cc)"
#endif

constexpr int kIoUringSetup = 425;  // the same number everywhere

CallShape open_shape(int directory, int path, int flags) {
  CallShape shape;
  shape.call = Call::Open;
  shape.directory = directory;
  shape.path = path;
  shape.flags = flags;
  return shape;
}

CallShape openat2_shape() {
  CallShape shape = open_shape(0, 1, 2);
  shape.flags_in_how = true;
  return shape;
}

CallShape creat_shape() {
  CallShape shape = open_shape(-1, 0, -1);
  shape.fixed_flags = O_CREAT | O_WRONLY | O_TRUNC;
  return shape;
}

CallShape execute_shape(int directory, int path, int arguments) {
  CallShape shape;
  shape.call = Call::Execute;
  shape.directory = directory;
  shape.path = path;
  shape.arguments = arguments;
  return shape;
}

CallShape two_paths(Call call, int directory, int path, int second_directory, int second_path) {
  CallShape shape;
  shape.call = call;
  shape.directory = directory;
  shape.path = path;
  shape.second_directory = second_directory;
  shape.second_path = second_path;
  return shape;
}

CallShape one_path(Call call, int directory, int path) {
  CallShape shape;
  shape.call = call;
  shape.directory = directory;
  shape.path = path;
  return shape;
}

std::vector<NumberedCall> make_calls() {
  std::vector<NumberedCall> calls{
      {kNative, SYS_openat, open_shape(0, 1, 2)},
      {kNative, SYS_openat2, openat2_shape()},
      {kNative, SYS_execve, execute_shape(-1, 0, 1)},
      {kNative, SYS_execveat, execute_shape(0, 1, 2)},
      {kNative, SYS_renameat2, two_paths(Call::Rename, 0, 1, 2, 3)},
      {kNative, SYS_renameat, two_paths(Call::Rename, 0, 1, 2, 3)},
      {kNative, SYS_linkat, two_paths(Call::Link, 0, 1, 2, 3)},
      {kNative, SYS_truncate, one_path(Call::Truncate, -1, 0)},
  };
#if defined(__x86_64__)
  constexpr uint32_t kI386 = AUDIT_ARCH_I386;
  const std::vector<NumberedCall> older{
      {kNative, SYS_open, open_shape(-1, 0, 1)},
      {kNative, SYS_creat, creat_shape()},
      {kNative, SYS_rename, two_paths(Call::Rename, -1, 0, -1, 1)},
      {kNative, SYS_link, two_paths(Call::Link, -1, 0, -1, 1)},
      // arch/x86/entry/syscalls/syscall_32.tbl
      {kI386, 5, open_shape(-1, 0, 1)},
      {kI386, 8, creat_shape()},
      {kI386, 9, two_paths(Call::Link, -1, 0, -1, 1)},
      {kI386, 11, execute_shape(-1, 0, 1)},
      {kI386, 38, two_paths(Call::Rename, -1, 0, -1, 1)},
      {kI386, 92, one_path(Call::Truncate, -1, 0)},
      {kI386, 193, one_path(Call::Truncate, -1, 0)},
      {kI386, 295, open_shape(0, 1, 2)},
      {kI386, 302, two_paths(Call::Rename, 0, 1, 2, 3)},
      {kI386, 303, two_paths(Call::Link, 0, 1, 2, 3)},
      {kI386, 353, two_paths(Call::Rename, 0, 1, 2, 3)},
      {kI386, 358, execute_shape(0, 1, 2)},
      {kI386, 437, openat2_shape()},
  };
  calls.insert(calls.end(), older.begin(), older.end());
#endif
  return calls;
}

sock_filter statement(unsigned code, uint32_t value) {
  return {static_cast<uint16_t>(code), 0, 0, value};
}

sock_filter jump(unsigned code, uint32_t value, size_t if_true, size_t if_false) {
  return {static_cast<uint16_t>(code), static_cast<uint8_t>(if_true), static_cast<uint8_t>(if_false), value};
}

sock_filter load(size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

sock_filter answer(uint32_t action) {
  return statement(BPF_RET | BPF_K, action);
}

constexpr uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;

// One architecture's calls; the call's number is loaded. An open that can read neither a file's bytes nor a
// directory's names is let through here, where it costs nothing.
std::vector<sock_filter> block_for(uint32_t architecture) {
  std::vector<sock_filter> block{load(offsetof(seccomp_data, nr))};
#if defined(__x86_64__)
  if (architecture == kNative) {
    block.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 0, 1));
    block.push_back(answer(kNoSuchCall));
  }
#endif
  block.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, kIoUringSetup, 0, 1));
  block.push_back(answer(kNoSuchCall));
  for (const NumberedCall& call : notified_calls()) {
    if (call.architecture != architecture) {
      continue;
    }
    const auto number = static_cast<uint32_t>(call.number);
    if (call.shape.call == Call::Open && call.shape.flags >= 0 && !call.shape.flags_in_how) {
      // Little-endian: the low half of an argument comes first.
      const size_t flags =
          offsetof(seccomp_data, args) + sizeof(uint64_t) * static_cast<size_t>(call.shape.flags);
      block.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
      block.push_back(load(flags));
      block.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, O_PATH, 0, 1));
      block.push_back(answer(SECCOMP_RET_ALLOW));
      block.push_back(answer(SECCOMP_RET_USER_NOTIF));
    } else {
      block.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
      block.push_back(answer(SECCOMP_RET_USER_NOTIF));
    }
  }
  block.push_back(answer(SECCOMP_RET_ALLOW));
  return block;
}

}  // namespace

const std::vector<NumberedCall>& notified_calls() {
  static const std::vector<NumberedCall> calls = make_calls();
  return calls;
}

std::vector<sock_filter> filter_program() {
  std::map<uint32_t, bool> architectures;
  for (const NumberedCall& call : notified_calls()) {
    architectures[call.architecture] = true;
  }
  std::vector<sock_filter> program;
  for (const auto& [architecture, present] : architectures) {
    const std::vector<sock_filter> block = block_for(architecture);
    program.push_back(load(offsetof(seccomp_data, arch)));
    // A conditional jump reaches 255 statements, an unconditional one any distance.
    program.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
    program.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(block.size())));
    program.insert(program.end(), block.begin(), block.end());
  }
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace intercept
