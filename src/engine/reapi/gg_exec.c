/* gg-exec FOLDER DIRECTORY PROGRAM [ARGUMENT...]: runs PROGRAM with FOLDER for its "/", in DIRECTORY below
 * that, as gg's own container would: nothing else of the machine in sight, no network, /dev, /proc and,
 * unless FOLDER has one, an empty /tmp. It travels in the input root of actions for workers that do not do
 * this themselves. Static; needs no privilege, but a kernel that lets users make user namespaces. Its own
 * failures: 125, and a line on stderr that begins "gg-exec: ". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kOwnFailure = 125, kNotFound = 127, kNotExecutable = 126 };

static void fail(const char* what, const char* subject) {
  dprintf(STDERR_FILENO, "gg-exec: cannot %s '%s': %s\n", what, subject, strerror(errno));
  _exit(kOwnFailure);
}

static void must(int result, const char* what, const char* subject) {
  if (result < 0) {
    fail(what, subject);
  }
}

static void write_text(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  must(file, "open", path);
  must((int)write(file, text, strlen(text)), "write", path);
  close(file);
}

static int directory(const char* path) {
  return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -1;
}

/* The same ids as in gg's own containers, so that none gets into an output. */
static void enter_namespaces(void) {
  const unsigned user = getuid();
  const unsigned group = getgid();
  char text[64];
  must(unshare(CLONE_NEWUSER), "make", "a user namespace");
  write_text("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "1000 %u 1", user);
  write_text("/proc/self/uid_map", text);
  snprintf(text, sizeof text, "1000 %u 1", group);
  write_text("/proc/self/gid_map", text);
  must(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS), "make",
       "namespaces");
  must(sethostname("gg", 2), "set", "the host's name");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
}

static void make_devices(void) {
  static const char* const nodes[] = {"null", "zero", "full", "random", "urandom"};
  /* People build in /dev/shm: what the tree holds there is in sight again at the end. */
  const int shared = open("dev/shm", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  must(directory("dev"), "create", "/dev");
  must(mount("gg-dev", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755"), "mount", "/dev");
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; ++i) {
    char from[32];
    snprintf(from, sizeof from, "/dev/%s", nodes[i]);
    const int file = open(from + 1, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    must(file, "create", from);
    close(file);
    must(mount(from, from + 1, NULL, MS_BIND, NULL), "bind", from);
  }
  must(symlink("/proc/self/fd", "dev/fd"), "link", "/dev/fd");
  must(symlink("/proc/self/fd/0", "dev/stdin"), "link", "/dev/stdin");
  must(symlink("/proc/self/fd/1", "dev/stdout"), "link", "/dev/stdout");
  must(symlink("/proc/self/fd/2", "dev/stderr"), "link", "/dev/stderr");
  must(directory("dev/shm"), "create", "/dev/shm");
  if (shared >= 0) {
    char from[32];
    snprintf(from, sizeof from, "/proc/self/fd/%d", shared);
    must(mount(from, "dev/shm", NULL, MS_BIND, NULL), "bind", "/dev/shm");
    close(shared);
  }
}

/* The working directory is the folder; afterwards it is "/". */
static void make_root(void) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof path) == NULL) {
    fail("find", "the folder");
  }
  must(mount(path, path, NULL, MS_BIND | MS_REC, NULL), "bind", path);
  must(chdir(path), "enter", path);
  make_devices();
  must(directory("proc"), "create", "/proc");
  if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
    /* Where parts of the worker's own /proc are covered, the kernel refuses a fresh one. */
    must(mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL), "mount", "/proc");
  }
  struct stat status;
  if (lstat("tmp", &status) != 0) {
    must(mkdir("tmp", 01777), "create", "/tmp");
    must(mount("gg-tmp", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"), "mount", "/tmp");
  }
  must((int)syscall(SYS_pivot_root, ".", "."), "make the root", path);
  must(umount2(".", MNT_DETACH), "leave", "the worker's root");
  must(chdir("/"), "enter", "/");
}

static int status_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_for(pid_t child) {
  int status = 0;
  pid_t ended;
  do {
    ended = wait(&status); /* as the first process of its namespace it reaps strangers, too */
  } while (ended != child && (ended > 0 || errno == EINTR));
  return ended == child ? status_of(status) : kOwnFailure;
}

/* mkdir -p: a tree need not hold the directory in which its command runs. */
static void make_path(char* path) {
  for (char* slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    must(directory(path), "create", path);
    *slash = '/';
  }
  must(directory(path), "create", path);
}

static void run(const char* where, char** argv) {
  char path[PATH_MAX];
  must(snprintf(path, sizeof path, "/%s", where) < PATH_MAX ? 0 : -1, "enter", where);
  make_path(path);
  must(chdir(path), "enter", path);
  umask(022);
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "give up", "privileges");
  execvp(argv[0], argv);
  const int code = errno == ENOENT ? kNotFound : kNotExecutable;
  dprintf(STDERR_FILENO, "gg: cannot execute '%s': %s\n", argv[0], strerror(errno));
  _exit(code);
}

int main(int argc, char** argv) {
  if (argc < 4) {
    dprintf(STDERR_FILENO, "usage: gg-exec FOLDER DIRECTORY PROGRAM [ARGUMENT...]\n");
    return kOwnFailure;
  }
  must(chdir(argv[1]), "enter", argv[1]);
  enter_namespaces();
  const pid_t first = fork(); /* the first process of the new namespace */
  must(first, "start", argv[3]);
  if (first == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    make_root();
    const pid_t command = fork(); /* apart from the first, whom signals do not kill as they should */
    must(command, "start", argv[3]);
    if (command == 0) {
      run(argv[2], argv + 3);
    }
    _exit(wait_for(command));
  }
  return wait_for(first);
}
