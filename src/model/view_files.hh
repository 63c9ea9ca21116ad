#pragma once

#include "model/model.hh"
#include "object/store.hh"

namespace model {

// The user's files for the include scanner: what it reads are the very bytes that a thunk's tree names. Any
// thread.
class ViewFiles final : public scan::FileSystem {
 public:
  ViewFiles(View& view, object::Store& store, const base::Clock& clock)
      : view_(view), store_(store), clock_(clock) {}

  scan::Look look(const std::string& path) override { return view_.look(path); }

  base::Result<scan::Contents> read(const std::string& path) override;
  std::string real_path(const std::string& path) override;

 private:
  View& view_;
  object::Store& store_;
  const base::Clock& clock_;
};

// The bytes of a file in the view, symlinks followed; nullopt: it is there, but no file with bytes.
[[nodiscard]] base::Result<std::optional<std::string>> read_through(View& view, object::Store& store,
                                                                    const std::string& path);

}  // namespace model
