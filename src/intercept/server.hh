#pragma once

#include "base/unique_fd.hh"
#include "intercept/process.hh"

#include <sys/types.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace intercept {

// What a shim asks.
struct Request {
  pid_t pid = 0;                  // as the kernel says, not the shim
  std::string program;            // absolute
  std::string working_directory;  // "" when it has none
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  mode_t file_mode_mask = 022;
  std::array<StreamId, 3> streams;
};

// The way back to one shim. Whoever holds it owes it one answer; letting it go without one makes the shim run
// the real tool. Thread-safe, never blocks.
class Answer {
 public:
  virtual ~Answer() = default;

  // Writes both, then ends with the code.
  virtual void exit(int code, std::string_view standard_output, std::string_view standard_error) = 0;
  virtual void run_real_tool() = 0;
  // For what is no tool of ours: what it starts is to meet the shims, if it does so from where it stands.
  virtual void run_here() = 0;
};

// Listens for shims. Keeps no descriptor of theirs but the connection, and that until the answer only.
class Server {
 public:
  // Called on the server's own thread; must not block.
  using Handler = std::function<void(Request, std::shared_ptr<Answer>)>;

  // Throws SyscallError when the socket cannot be made at `path`.
  Server(const std::string& path, Handler handler);
  ~Server();

  // No request is taken any more. Answers to those that were go on as ever.
  void close();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Connection;
  friend class Connection;

  void run();
  void accept_one();
  void serve(const std::shared_ptr<Connection>& connection, unsigned events);
  void wake();

  std::string path_;
  Handler handler_;
  base::UniqueFd listener_;
  base::UniqueFd events_;
  base::UniqueFd wake_;
  std::atomic<bool> ending_{false};
  std::mutex mutex_;  // of connections_ and what they have to send
  std::map<int, std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace intercept
