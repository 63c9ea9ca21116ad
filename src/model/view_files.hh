#pragma once

#include "model/model.hh"
#include "object/store.hh"

namespace model {

// The user's files for the include scanner: what it reads are the very bytes that a thunk's tree names. Any
// thread.
class ViewFiles final : public scan::FileSystem {
 public:
  explicit ViewFiles(View& view) : view_(view) {}

  scan::Look look(const std::string& path) override { return view_.look(path); }

  base::Result<scan::Contents> read(const std::string& path) override { return view_.read(path); }

  std::shared_ptr<const scan::DirectoryNames> names_in(const std::string& directory,
                                                       const scan::Identity& identity) override {
    return scan::names_on_disk(directory, identity);
  }

  std::string real_path(const std::string& path) override;

 private:
  View& view_;
};

// A file in the view, symlinks followed; nullopt: no file with bytes is there.
[[nodiscard]] base::Result<std::optional<scan::Contents>> contents_through(View& view,
                                                                           const std::string& path);

// Its bytes alone.
[[nodiscard]] base::Result<std::optional<std::string>> read_through(View& view, const std::string& path);

}  // namespace model
