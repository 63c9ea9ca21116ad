// Stands in for a tool of the build: tells the inference server what was asked for, and does what it answers.
// It holds no state, allocates nothing and lets every signal do to it what it would do to the tool.

#include <asm/stat.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "protocol.h"
#include "system.h"

// From <linux/socket.h> and <linux/un.h>, which need the C library's types.
enum { kUnix = 1, kStream = 1, kCloseOnExec = 02000000, kNoSignal = 0x4000, kPathBytes = 4096 };

struct UnixAddress {
  unsigned short family;
  char path[108];
};

// Volatile: the compiler must not believe the bytes that stand here before the session patches them.
__attribute__((used)) static volatile struct GgSettings settings = {GG_SETTINGS_MARKER, "", "", "", ""};

static char buffer[1 << 16];
static size_t buffered;
static char working_directory[kPathBytes];

static const char* setting(const volatile char* field) {
  return (const char*)field;
}

__attribute__((noreturn)) static void leave(int code) {
  for (;;) {
    SYS(__NR_exit_group, code);
  }
}

static int write_all(int fd, const char* bytes, size_t count) {
  while (count > 0) {
    const long put = SYS(__NR_write, fd, bytes, count);
    if (put == -EINTR || put == -EAGAIN) {
      continue;
    }
    if (put < 0) {
      return -1;
    }
    bytes += put;
    count -= (size_t)put;
  }
  return 0;
}

static void say(const char* text) {
  write_all(2, text, length_of(text));
}

// ---- talking to the server

static int flush(int socket) {
  size_t sent = 0;
  while (sent < buffered) {
    const long put = SYS(__NR_sendto, socket, buffer + sent, buffered - sent, kNoSignal, 0, 0);
    if (put == -EINTR) {
      continue;
    }
    if (put < 0) {
      return -1;
    }
    sent += (size_t)put;
  }
  buffered = 0;
  return 0;
}

static int put(int socket, const void* bytes, size_t count) {
  const char* from = bytes;
  while (count > 0) {
    size_t room = sizeof buffer - buffered;
    if (room > count) {
      room = count;
    }
    memcpy(buffer + buffered, from, room);
    buffered += room;
    from += room;
    count -= room;
    if (buffered == sizeof buffer && flush(socket) != 0) {
      return -1;
    }
  }
  return 0;
}

static int take(int socket, void* to, size_t count) {
  char* at = to;
  while (count > 0) {
    const long got = SYS(__NR_read, socket, at, count);
    if (got == -EINTR) {
      continue;
    }
    if (got <= 0) {
      return -1;
    }
    at += got;
    count -= (size_t)got;
  }
  return 0;
}

static struct GgStream stream_of(int fd) {
  struct GgStream stream = {0, 0, 0, 0, 0};
  struct statx status;
  if (SYS(__NR_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_BASIC_STATS, &status) == 0) {
    // As the C library's makedev() composes it, so that the server can compare with its own fstat.
#define DEVICE(major, minor)                                                     \
  ((((uint64_t)(major)&0xfffff000U) << 32) | (((uint64_t)(major)&0xfffU) << 8) | \
   (((uint64_t)(minor)&0xffffff00U) << 12) | ((uint64_t)(minor)&0xffU))
    stream.device = DEVICE(status.stx_dev_major, status.stx_dev_minor);
    stream.special = DEVICE(status.stx_rdev_major, status.stx_rdev_minor);
    stream.inode = status.stx_ino;
    stream.mode = status.stx_mode;
  }
  return stream;
}

static int connect_to_server(void) {
  const long socket = SYS(__NR_socket, kUnix, kStream | kCloseOnExec, 0);
  if (socket < 0) {
    return -1;
  }
  struct UnixAddress address = {kUnix, ""};
  const char* path = setting(settings.socket);
  memcpy(address.path, path, length_of(path) + 1);
  long answer;
  do {
    answer = SYS(__NR_connect, socket, &address, sizeof address);
  } while (answer == -EINTR);
  return answer == 0 ? (int)socket : -1;
}

static int send_strings(int socket, char** strings) {
  for (; *strings != 0; ++strings) {
    if (put(socket, *strings, length_of(*strings) + 1) != 0) {
      return -1;
    }
  }
  return 0;
}

static int ask(int socket, const char* program, char** argv, char** envp) {
  struct GgRequest request;
  memset(&request, 0, sizeof request);
  request.magic = GG_REQUEST_MAGIC;
  size_t bytes = length_of(program) + 1 + length_of(working_directory) + 1;
  for (; argv[request.argument_count] != 0; ++request.argument_count) {
    bytes += length_of(argv[request.argument_count]) + 1;
  }
  for (; envp[request.environment_count] != 0; ++request.environment_count) {
    bytes += length_of(envp[request.environment_count]) + 1;
  }
  request.body_bytes = (uint32_t)bytes;
  request.file_mode_mask = (uint32_t)SYS(__NR_umask, 0);
  SYS(__NR_umask, request.file_mode_mask);
  for (int fd = 0; fd < 3; ++fd) {
    request.streams[fd] = stream_of(fd);
  }
  if (put(socket, &request, sizeof request) != 0 || put(socket, program, length_of(program) + 1) != 0 ||
      put(socket, working_directory, length_of(working_directory) + 1) != 0 ||
      send_strings(socket, argv) != 0 || send_strings(socket, envp) != 0) {
    return -1;
  }
  return flush(socket);
}

static int replay(int socket, int fd, size_t count) {
  while (count > 0) {
    const size_t part = count < sizeof buffer ? count : sizeof buffer;
    if (take(socket, buffer, part) != 0) {
      return -1;
    }
    write_all(fd, buffer, part);  // a reader that went away is the reader's decision
    count -= part;
  }
  return 0;
}

// Returns when the real tool is to run; -1 when the server went away without an answer.
static int obey(int socket, int* runs_here) {
  for (;;) {
    struct GgFrame frame;
    uint32_t code = 0;
    if (take(socket, &frame, sizeof frame) != 0) {
      return -1;
    }
    switch (frame.kind) {
      case GG_STDOUT:
      case GG_STDERR:
        if (replay(socket, frame.kind == GG_STDOUT ? 1 : 2, frame.bytes) != 0) {
          return -1;
        }
        break;
      case GG_EXIT:
        if (take(socket, &code, sizeof code) != 0) {
          return -1;
        }
        leave((int)code);
      case GG_RUN_HERE:
        *runs_here = 1;
        return 0;
      default:
        return 0;
    }
  }
}

// ---- becoming the real tool

static int write_file(const char* path, const char* bytes) {
  const long fd = SYS(__NR_openat, AT_FDCWD, path, O_WRONLY | kCloseOnExec, 0);
  if (fd < 0) {
    return -1;
  }
  const int failed = write_all((int)fd, bytes, length_of(bytes));
  SYS(__NR_close, fd);
  return failed;
}

static char* decimal(char* at, unsigned long value) {
  char digits[24];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) {
    *at++ = digits[--count];
  }
  return at;
}

// "ID ID 1\n": the same name inside as outside.
static int map_itself(const char* file, unsigned long id) {
  char line[64];
  char* end = decimal(line, id);
  *end++ = ' ';
  end = decimal(end, id);
  memcpy(end, " 1\n", 4);
  return write_file(file, line);
}

static int enter(const char* root) {
  if (SYS(__NR_chroot, root) == 0) {
    return 0;
  }
  // Without the privilege a user namespace of our own gives it, for this process and what it becomes. Group
  // and user are both mapped, or the tool could make no namespace in turn.
  const unsigned long user = (unsigned long)SYS(__NR_geteuid, 0);
  const unsigned long group = (unsigned long)SYS(__NR_getegid, 0);
  if (SYS(__NR_unshare, CLONE_NEWUSER) != 0) {
    return -1;
  }
  if (write_file("/proc/self/setgroups", "deny") != 0 || map_itself("/proc/self/uid_map", user) != 0 ||
      map_itself("/proc/self/gid_map", group) != 0) {
    return -1;
  }
  return SYS(__NR_chroot, root) == 0 ? 0 : -1;
}

// The tool's own path below the pristine root: for when the root itself cannot be entered.
static void execute_below(const char* root, const char* program, char** argv, char** envp) {
  static char path[2 * kPathBytes];
  const size_t root_bytes = length_of(root);
  const size_t program_bytes = length_of(program);
  if (*program == '/' && root_bytes + program_bytes < sizeof path) {
    memcpy(path, root, root_bytes);
    memcpy(path + root_bytes, program, program_bytes + 1);
    SYS(__NR_execve, path, argv, envp);
  }
}

static void run_from_pristine_root(const char* program, char** argv, char** envp) {
  const char* root = setting(settings.pristine_root);
  if (enter(root) == 0) {
    if (working_directory[0] == '/') {
      SYS(__NR_chdir, working_directory);
    }
    SYS(__NR_execve, program, argv, envp);
  } else {
    execute_below(root, program, argv, envp);
  }
}

static size_t entry_length(const char* path) {
  size_t n = 0;
  while (path[n] != 0 && path[n] != ':') {
    ++n;
  }
  return n;
}

static int is_shim_directory(const char* entry, size_t length) {
  const char* directory = setting(settings.path_directory);
  return length == length_of(directory) && starts_with(entry, directory);
}

// PATH without the directory of shims, so that neither we nor the tool's own children find a shim there.
static void strip_path(char** envp) {
  for (; *envp != 0; ++envp) {
    if (!starts_with(*envp, "PATH=")) {
      continue;
    }
    char* to = *envp + 5;
    const char* from = to;
    int first = 1;
    while (*from != 0) {
      const size_t length = entry_length(from);
      if (!is_shim_directory(from, length)) {
        if (!first) {
          *to++ = ':';
        }
        memcpy(to, from, length);  // moves towards the front only
        to += length;
        first = 0;
      }
      from += length;
      from += *from == ':';
    }
    *to = 0;
    return;
  }
}

static int is_in_shim_directory(const char* program) {
  const char* name = last_part(program);
  return name != program && is_shim_directory(program, (size_t)(name - program) - 1);
}

// Also where a tool's own files are looked for beside argv[0], it has to be its own name.
static void run_from_path(const char* program, char** argv, char** envp) {
  static char candidate[kPathBytes];
  const char* name = last_part(program);
  const int argv0_is_a_shim = argv[0] != 0 && is_in_shim_directory(argv[0]);
  strip_path(envp);
  if (setting(settings.launches)[0] != 0 && !is_in_shim_directory(program)) {
    SYS(__NR_execve, program, argv, envp);
    return;
  }
  const char* path = "/usr/local/bin:/usr/bin:/bin";
  for (char** variable = envp; *variable != 0; ++variable) {
    if (starts_with(*variable, "PATH=")) {
      path = *variable + 5;
    }
  }
  while (*path != 0) {
    const size_t length = entry_length(path);
    if (length + 1 + length_of(name) < sizeof candidate) {
      memcpy(candidate, path, length);
      candidate[length] = '/';
      memcpy(candidate + length + 1, name, length_of(name) + 1);
      if (argv0_is_a_shim) {
        argv[0] = candidate;
      }
      SYS(__NR_execve, candidate, argv, envp);
    }
    path += length;
    path += *path == ':';
  }
}

__attribute__((noreturn)) static void become_real_tool(const char* program, char** argv, char** envp) {
  if (setting(settings.pristine_root)[0] != 0) {
    run_from_pristine_root(program, argv, envp);
  } else {
    run_from_path(program, argv, envp);
  }
  say("gg: cannot run the real ");
  say(program);
  say(": its file is not to be reached behind gg's stand-in; run the build without gg\n");
  leave(127);
}

static const char* program_of(char** envp, char** argv) {
  char** end = envp;
  while (*end != 0) {
    ++end;
  }
  const char* program = argv[0];
  for (const unsigned long* aux = (const unsigned long*)(end + 1); aux[0] != AT_NULL; aux += 2) {
    if (aux[0] == AT_EXECFN) {
      program = (const char*)aux[1];
    }
  }
  if (starts_with(program, "/dev/fd/")) {  // execveat: the kernel knows the file's own name
    static char link[kPathBytes];
    const long bytes = SYS(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", link, sizeof link - 1);
    if (bytes > 0) {
      link[bytes] = 0;
      program = link;
    }
  }
  return program;
}

// Returns if there is none. Its argv is the program's path and then ours: the word before ours is argc's,
// which is of no more use.
static void hand_to_launcher(const char* program, char** argv, char** envp) {
  for (char** variable = envp; *variable != 0; ++variable) {
    if (starts_with(*variable, "GG_LAUNCHER=")) {
      argv[-1] = (char*)program;
      SYS(__NR_execve, *variable + length_of("GG_LAUNCHER="), argv - 1, envp);
      return;
    }
  }
}

__attribute__((used, noreturn)) void shim_main(long* stack) {
  char** argv = (char**)(stack + 1);
  char** envp = argv + *stack + 1;
  const char* program = program_of(envp, argv);
  if (setting(settings.launches)[0] != 0 && argv[0] != 0 && argv[1] != 0) {
    program = *argv++;
  }
  if (SYS(__NR_getcwd, working_directory, sizeof working_directory) < 0) {
    working_directory[0] = 0;
  }
  if (setting(settings.socket)[0] == 0) {
    hand_to_launcher(program, argv, envp);
    become_real_tool(program, argv, envp);
  }
  int runs_here = 0;
  const int socket = connect_to_server();
  if (socket < 0 || ask(socket, program, argv, envp) != 0 || obey(socket, &runs_here) != 0) {
    say("gg: the gg that started this build is gone; running the real ");
    say(last_part(program));
    say("\n");
  }
  if (runs_here && setting(settings.launches)[0] != 0 && !is_in_shim_directory(program)) {
    SYS(__NR_execve, program, argv, envp);
  }
  become_real_tool(program, argv, envp);
}
