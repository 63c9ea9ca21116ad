/* What stands in "/", a name a line: runs as an action, static, since there may be nothing else. */
#include <dirent.h>
#include <stdio.h>

int main(void) {
  DIR* root = opendir("/");
  if (root == NULL) {
    perror("open '/'");
    return 1;
  }
  for (const struct dirent* entry = readdir(root); entry != NULL; entry = readdir(root)) {
    puts(entry->d_name);
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
