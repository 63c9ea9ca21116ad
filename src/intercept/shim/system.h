#ifndef GG_INTERCEPT_SHIM_SYSTEM_H
#define GG_INTERCEPT_SHIM_SYSTEM_H

// System calls without a C library. The shim runs once per command of the build; without libc it starts in a
// fraction of a millisecond, is some 10 KB small and so can be as long as the tool that it stands before.

#include <asm/unistd.h>
#include <stddef.h>

#if defined(__x86_64__)
static long sys6(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(
    ".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call shim_main\n  "
    "hlt\n");
#elif defined(__aarch64__)
static long sys6(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl shim_main\n");
#else
#error "gg-shim: system calls of this processor are not written down yet (src/intercept/shim/system.h)"
#endif

#define SYS(n, ...) SYS_PICK(__VA_ARGS__, SYS6, SYS5, SYS4, SYS3, SYS2, SYS1)(n, __VA_ARGS__)
#define SYS_PICK(a, b, c, d, e, f, name, ...) name
#define SYS1(n, a) sys6(n, (long)(a), 0, 0, 0, 0, 0)
#define SYS2(n, a, b) sys6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS3(n, a, b, c) sys6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS4(n, a, b, c, d) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS5(n, a, b, c, d, e) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS6(n, a, b, c, d, e, f) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// The compiler may call these for what looks like them.
void* memcpy(void* to, const void* from, size_t bytes) {
  char* t = to;
  const char* f = from;
  while (bytes--) {
    *t++ = *f++;
  }
  return to;
}

void* memset(void* to, int value, size_t bytes) {
  char* t = to;
  while (bytes--) {
    *t++ = (char)value;
  }
  return to;
}

static size_t length_of(const char* text) {
  size_t n = 0;
  while (text[n] != 0) {
    ++n;
  }
  return n;
}

static int starts_with(const char* text, const char* prefix) {
  while (*prefix != 0) {
    if (*text++ != *prefix++) {
      return 0;
    }
  }
  return 1;
}

static const char* last_part(const char* path) {
  const char* part = path;
  for (; *path != 0; ++path) {
    if (*path == '/') {
      part = path + 1;
    }
  }
  return part;
}

#endif
