// For tests: a static program that maps the file named by its first argument and writes it to its standard
// output. Nothing can be preloaded into it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct stat status;
  const int fd = open(argc > 1 ? argv[1] : "", O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0) {
    return 2;
  }
  const char* bytes = mmap(0, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  return bytes != MAP_FAILED && write(1, bytes, (size_t)status.st_size) == status.st_size ? 0 : 3;
}
