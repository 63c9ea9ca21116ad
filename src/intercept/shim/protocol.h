#ifndef GG_INTERCEPT_SHIM_PROTOCOL_H
#define GG_INTERCEPT_SHIM_PROTOCOL_H

// What shim and inference server say to each other over the session's Unix socket. Both ends come out of one
// gg binary and live on one machine, so the layout is the compiler's and there is no version.
//
//   shim -> server: GgRequest, then `body_bytes` of NUL-ended strings: program as executed, working directory
//                   ("" when it has none), argv, environment.
//   server -> shim: GgFrame and its bytes, repeated; GG_EXIT, GG_RUN_REAL or GG_RUN_HERE is the last.
//
// The shim sends what its streams *are*, never the streams: a server that held a command's stderr open would
// make ninja, which waits for end of file, wait for it.

#include <stdint.h>

#define GG_REQUEST_MAGIC 0x67677368U

enum {
  GG_STDOUT = 1,    // bytes for the shim's standard output
  GG_STDERR = 2,    // bytes for its standard error
  GG_EXIT = 3,      // uint32_t: exit with this code
  GG_RUN_REAL = 4,  // no bytes: become the real tool
  GG_RUN_HERE = 5,  // no bytes: the same; but a launcher executes what it was given where it stands, so that
                    // what that starts meets the shims
};

struct GgStream {
  uint64_t device;
  uint64_t inode;
  uint32_t mode;  // 0: the stream is closed
  uint32_t unused;
  uint64_t special;  // st_rdev
};

struct GgRequest {
  uint32_t magic;
  uint32_t body_bytes;
  uint32_t argument_count;
  uint32_t environment_count;
  uint32_t file_mode_mask;  // umask
  uint32_t unused;
  struct GgStream streams[3];
};

struct GgFrame {
  uint32_t kind;
  uint32_t bytes;
};

// Patched into each session's copy of the shim, since `env -i` leaves no other way to tell it. Found by its
// marker, which occurs once in the image.
#define GG_SETTINGS_MARKER "gg shim settings, patched by the session"

struct GgSettings {
  char marker[48];
  char socket[112];         // of the inference server; "": of the session that GG_LAUNCHER belongs to, if any
  char pristine_root[512];  // where the real tools are to be seen; "" in PATH mode
  char path_directory[512];  // in PATH mode: the directory of shims, to be left out of PATH
  char launches[4];          // not "": argv[0] names the tool by its path, and its own argv follows
};

#endif
