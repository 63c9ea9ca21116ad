#pragma once

#include "base/result.hh"
#include "base/unique_fd.hh"
#include "sandbox/stop_signal.hh"
#include "sandbox/wire.hh"

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

namespace sandbox {

enum class Trace { No, Yes };

// What a cell said about one container.
struct Answer {
  wire::Report report;
  base::UniqueFd root;  // none if the set-up did not get there
  std::string standard_output;
  std::string standard_error;
  std::string absent;           // where traced: paths, each ended by a NUL
  bool stopped = false;         // because of the StopSignal
  std::string too_much_output;  // a sentence, if it was killed for it
};

// gg's end of one cell. One thread at a time.
class CellProcess {
 public:
  // `image` is the program's file. The failure is the step that the kernel refused.
  // `filter` is called with the cell's pid, for what of Start::filter depends on it; may be empty.
  using MakeFilter = std::function<std::string(pid_t cell)>;

  [[nodiscard]] static base::Result<std::unique_ptr<CellProcess>> start(int image, wire::Start start,
                                                                        const MakeFilter& filter = {});

  // Ends the cell and whatever runs in it.
  ~CellProcess();
  CellProcess(const CellProcess&) = delete;
  CellProcess& operator=(const CellProcess&) = delete;

  // Blocks. A failure means that this cell is of no more use.
  [[nodiscard]] base::Result<Answer> run(const wire::Run& run, uint64_t output_bytes, Trace trace,
                                         const StopSignal& stop);

  // With a shared root: how the cell keeps commands apart. wire::Report::walls.
  [[nodiscard]] uint32_t walls() const { return walls_; }

 private:
  CellProcess(pid_t pid, base::UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}

  pid_t pid_;
  base::UniqueFd socket_;
  uint32_t walls_ = 0;
};

}  // namespace sandbox
