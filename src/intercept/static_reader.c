// For tests: a static program that maps the file named by its first argument and writes it to its standard
// output. Nothing can be preloaded into it. With a second argument it opens the file as a 32-bit program
// would.
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[256];  // static and not position-independent: its address fits into 32 bits

static int open_as_32_bit(void) {
#if defined(__x86_64__)
  int fd;
  __asm__ volatile("int $0x80"
                   : "=a"(fd)
                   : "a"(5), "b"((uint32_t)(uintptr_t)path), "c"(O_RDONLY), "d"(0)
                   : "memory");
  return fd;
#else
  return -1;
#endif
}

int main(int argc, char** argv) {
  struct stat status;
  strncpy(path, argc > 1 ? argv[1] : "", sizeof path - 1);
  const int fd = argc > 2 ? open_as_32_bit() : open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0) {
    return 2;
  }
  const char* bytes = mmap(0, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  return bytes != MAP_FAILED && write(1, bytes, (size_t)status.st_size) == status.st_size ? 0 : 3;
}
