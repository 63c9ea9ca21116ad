#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"
#include "sandbox/sandbox.hh"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace exec {

// Where the layouts of one executor's thunks stand while their commands run. Any thread.
class Site {
 public:
  Site() = default;
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  virtual ~Site() = default;

  // One layout, and its command's `directories` (absolute), in place until this goes; the container's root
  // has to be closed by then.
  class Standing {
   public:
    Standing() = default;
    Standing(const Standing&) = delete;
    Standing& operator=(const Standing&) = delete;
    virtual ~Standing() = default;

    // Tells the job where it stands. Right before it runs.
    [[nodiscard]] virtual Expected<void> prepare(sandbox::Job& job) = 0;

    // It has run, and nothing has been written since.
    virtual void ended() = 0;

    // Holds the layout as it was; nullopt: the command wrote into the layout itself.
    [[nodiscard]] virtual std::optional<std::string> unchanged() const = 0;
  };

  [[nodiscard]] virtual Expected<std::unique_ptr<Standing>> take(const Layout& layout,
                                                                 std::vector<std::string> directories) = 0;

  [[nodiscard]] virtual sandbox::Sandbox& sandbox() = 0;
};

}  // namespace exec
