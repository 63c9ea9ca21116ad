// What runs inside the container in tests: `guest VERB ARGUMENT...`. Prints what it finds; exits 0, or 1 with
// the reason. C, so that the static one is small.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int fail(const char* attempt) {
  printf("%s: %s\n", attempt, strerror(errno));
  return 1;
}

static int list(const char* path) {
  struct dirent** names = NULL;
  const int count = scandir(path, &names, NULL, alphasort);
  if (count < 0) {
    return fail(path);
  }
  for (int i = 0; i < count; ++i) {
    if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0) {
      printf("%s\n", names[i]->d_name);
    }
  }
  return 0;
}

static int processes(void) {
  DIR* proc = opendir("/proc");
  int count = 0;
  for (struct dirent* entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
      printf("%s\n", entry->d_name);
      ++count;
    }
  }
  return count == 0;
}

static int connect_tcp(const char* port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address) != 0 ? fail("connect") : 0;
}

static int connect_abstract(const char* name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return fd < 0 || connect(fd, (struct sockaddr*)&address, size) != 0 ? fail("connect") : 0;
}

static int write_file(const char* path, const char* text, int flags) {
  const int fd = open(path, O_WRONLY | flags, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
    return fail(path);
  }
  return close(fd);
}

static int cat(const char* path) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0) {
    return fail(path);
  }
  char bytes[4096];
  for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;) {
    fwrite(bytes, 1, (size_t)got, stdout);
  }
  return 0;
}

static int eat(long mebibytes) {
  for (long i = 0; i < mebibytes; ++i) {
    char* block = malloc(1 << 20);
    if (block == NULL) {
      return fail("malloc");
    }
    memset(block, (int)i + 1, 1 << 20);
  }
  sleep(60);
  return 0;
}

// Parent and children alike go on at full speed, whether they are refused or not.
__attribute__((noreturn)) static void fork_bomb(void) {
  for (;;) {
    fork();
  }
}

// Each generation leaves its children to init, which has to reap the parents.
__attribute__((noreturn)) static void orphan_bomb(void) {
  for (;;) {
    if (fork() == 0 && fork() != 0) {
      _exit(0);
    }
  }
}

static void* wait_in_thread(void* unused) {
  pause();
  return unused;
}

__attribute__((noreturn)) static void thread_bomb(void) {
  for (;;) {
    pthread_t thread;
    pthread_create(&thread, NULL, wait_in_thread, NULL);
  }
}

static int fill(const char* path, long mebibytes) {
  static char block[1 << 20];
  const int fd = open(path, O_WRONLY | O_CREAT, 0644);
  for (long i = 0; i < mebibytes; ++i) {
    if (write(fd, block, sizeof block) != sizeof block) {
      return fail("write");
    }
  }
  return 0;
}

static int background(void) {
  if (fork() == 0) {
    setsid();
    signal(SIGTERM, SIG_IGN);
    for (;;) {
      pause();
    }
  }
  printf("left one\n");
  return 0;
}

static int chroot_escape(void) {
  // The classic: a directory descriptor outside of a second chroot.
  const int out = open("/", O_RDONLY | O_DIRECTORY);
  mkdir("/jail", 0755);
  if (chroot("/jail") != 0) {
    return fail("chroot");
  }
  if (fchdir(out) != 0) {
    return fail("fchdir");
  }
  for (int i = 0; i < 64; ++i) {
    if (chdir("..") != 0) {
      return fail("chdir");
    }
  }
  return chroot(".") != 0 ? fail("chroot .") : list("/");
}

static int privileges(void) {
  if (unshare(CLONE_NEWUSER) == 0) {
    printf("made a user namespace\n");
  }
  if (mount("none", "/tmp", "tmpfs", 0, "") == 0) {
    printf("mounted\n");
  }
  if (umount2("/proc", MNT_DETACH) == 0) {
    printf("unmounted\n");
  }
  if (getuid() != 0 && setuid(0) == 0) {
    printf("became root\n");
  }
  if (kill(1, SIGKILL) == 0 && ptrace(PTRACE_ATTACH, 1, 0, 0) == 0) {
    printf("attached to init\n");
  }
  if (open("/proc/1/mem", O_RDWR) >= 0 || open("/proc/1/root/host", O_RDONLY) >= 0) {
    printf("opened init\n");
  }
  if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 || open("/proc/sysrq-trigger", O_WRONLY) >= 0) {
    printf("may set up the kernel\n");
  }
  if (chmod("/dev/null", 0600) == 0) {
    printf("changed the host's /dev/null\n");
  }
  if (mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)) == 0) {
    printf("made a device\n");
  }
  if (socket(AF_VSOCK, SOCK_STREAM, 0) >= 0) {
    printf("made a vsock\n");
  }
  return 0;
}

static int many(const char* directory, int count) {
  char path[4096];
  for (int i = 0; i < count; ++i) {
    snprintf(path, sizeof path, "%s/%d", directory, i);
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    if (write_file(path, text, O_CREAT) != 0) {
      return 1;
    }
  }
  return 0;
}

static int identity(void) {
  struct utsname name;
  uname(&name);
  char cwd[4096];
  printf("uid %d gid %d pid %d ppid %d host %s cwd %s\n", getuid(), getgid(), getpid(), getppid(),
         name.nodename, getcwd(cwd, sizeof cwd));
  return 0;
}

__attribute__((noreturn)) static void print_forever(void) {
  for (;;) {
    puts("and on it goes");
  }
}

static void* ask_in_thread(void* unused) {
  access("/thread/asks", F_OK);
  return unused;
}

// Asks for absent paths in every way that a tracer could get wrong.
static int ask(void) {
  struct stat status;
  const int bin = open("/bin", O_RDONLY | O_DIRECTORY);
  stat("plain", &status);
  fstatat(bin, "below-a-descriptor", &status, 0);
  stat("/bin/guest/under-a-file", &status);
  execl("/bin/no-program", "no-program", NULL);
  close(open("/tmp/profile", O_RDWR | O_CREAT, 0644));
  close(open("/tmp/profile", O_RDWR | O_CREAT, 0644));
  close(open("/tmp/output", O_RDWR | O_CREAT | O_TRUNC, 0644));
  close(open("/bin/guest", O_RDONLY));
  pthread_t thread;
  pthread_create(&thread, NULL, ask_in_thread, NULL);
  pthread_join(thread, NULL);
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    if (chdir("/tmp") == 0) {
      readlink("../child/asks", (char[8]){0}, 8);
    }
    execl("/bin/guest", "guest", "cat", "/executed/asks", NULL);
  }
  int ended = 0;
  waitpid(child, &ended, 0);
  return WEXITSTATUS(ended) == 1 ? 0 : fail("wait for the child");
}

static volatile sig_atomic_t handled;

static void handle(int number) {
  handled = number;
}

// Asks its parent to trace it, then stops for a signal and, asked for once more, for an execve.
static int ask_to_be_traced(void) {
  signal(SIGUSR1, handle);
  if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
    return fail("ptrace");
  }
  raise(SIGUSR1);
  if (handled != SIGUSR1) {
    puts("the signal was lost");
    return 1;
  }
  if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
    return fail("ptrace again");
  }
  execl("/bin/guest", "guest", "both", "went on", "", NULL);
  return fail("execute");
}

static int die_by(int number) {
  raise(number);
  return 0;
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  const char* a = argc > 2 ? argv[2] : "";
  const char* b = argc > 3 ? argv[3] : "";
#define VERB(name) if (strcmp(verb, name) == 0)
  VERB("list") return list(a);
  VERB("processes") return processes();
  VERB("tcp") return connect_tcp(a);
  VERB("abstract") return connect_abstract(a);
  VERB("environment") {
    for (char** variable = environ; *variable != NULL; ++variable) {
      puts(*variable);
    }
    return 0;
  }
  VERB("write") return write_file(a, b, O_CREAT | O_TRUNC);
  VERB("write-and-close") {
    if (chdir(a) != 0 || write_file(b, "", O_CREAT) != 0 || chmod(".", 0) != 0) {
      return fail(a);
    }
    return 0;
  }
  VERB("overwrite") return write_file(a, b, 0);
  VERB("cat") return cat(a);
  VERB("both") {
    fputs(a, stdout);
    fputs(b, stderr);
    return 0;
  }
  VERB("eat") return eat(atol(a));
  VERB("fork-bomb") fork_bomb();
  VERB("orphan-bomb") orphan_bomb();
  VERB("thread-bomb") thread_bomb();
  VERB("fill") return fill(a, atol(b));
  VERB("background") return background();
  VERB("chroot") return chroot_escape();
  VERB("privileges") return privileges();
  VERB("many") return many(a, atoi(b));
  VERB("identity") return identity();
  VERB("print-forever") print_forever();
  VERB("ask") return ask();
  VERB("traced") return ask_to_be_traced();
  VERB("truncate") {
    const int fd = open(a, O_WRONLY | O_CREAT, 0644);
    return ftruncate(fd, atol(b)) == 0 ? 0 : fail(a);
  }
  VERB("nice") return printf("%d\n", getpriority(PRIO_PROCESS, 0)) < 0;
  VERB("raise") return die_by(atoi(a));
  VERB("exit") return atoi(a);
  VERB("sleep") return (int)sleep((unsigned)atoi(a));
  VERB("fifo") return mkfifo(a, 0644) == 0 ? 0 : fail(a);
  VERB("symlink") return symlink(a, b) == 0 ? 0 : fail(b);
  VERB("remove") return unlink(a) == 0 ? 0 : fail(a);
  VERB("replace") {  // as sed -i does
    const char* next = argc > 4 ? argv[4] : "";
    return write_file(next, b, O_CREAT) != 0 ? 1 : rename(next, a) == 0 ? 0 : fail(a);
  }
  VERB("mkdir") return mkdir(a, 0755) == 0 ? 0 : fail(a);
  VERB("chmod") return chmod(a, (mode_t)strtol(b, NULL, 8)) == 0 ? 0 : fail(a);
  VERB("stat") {
    struct stat status;
    if (lstat(a, &status) != 0) {
      return fail(a);
    }
    printf("inode %lu mtime %ld.%09ld mode %o\n", status.st_ino, status.st_mtim.tv_sec,
           status.st_mtim.tv_nsec, status.st_mode);
    return 0;
  }
  return 0;
}
