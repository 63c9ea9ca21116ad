/* What stands in "/", a name a line, and a line more if /tmp is not the input root's: runs as an action,
 * static, since there may be nothing else. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  DIR* root = opendir("/");
  if (root == NULL) {
    perror("open '/'");
    return 1;
  }
  for (const struct dirent* entry = readdir(root); entry != NULL; entry = readdir(root)) {
    puts(entry->d_name);
  }
  if (access("/tmp/gg-probe", F_OK) != 0) {
    puts("tmp (its own)"); /* root_probe.cc knows this line */
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
