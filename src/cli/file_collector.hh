#pragma once

#include "cli/file_filter.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <functional>
#include <optional>
#include <string>

struct stat;

namespace cli {

// Takes files, directories and symlinks of this machine into a store.
class FileCollector {
 public:
  // What a regular file stands for instead of its bytes (a placeholder: its promise); may be empty.
  using Placeholder =
      std::function<std::optional<object::Promise>(const std::string& path, const struct stat& status)>;

  // `store` outlives this.
  FileCollector(object::Store& store, Placeholder placeholder)
      : store_(store), placeholder_(std::move(placeholder)) {}

  // What stands at `path`; a symlink there is followed, those inside a directory are kept as they are. With
  // FileFilter::include a directory in which nothing is taken is left out (the top one is then empty). Throws
  // base::SyscallError, and base::OperatorError for what is neither file, directory nor symlink.
  [[nodiscard]] object::Entry collect(const std::string& path, const FileFilter& filter = {});

 private:
  object::Entry file(const std::string& path, const struct stat& status);
  object::Entry directory(const std::string& path, const std::string& below, const FileFilter& filter);
  void add(object::Directory& directory, const std::string& path, const std::string& below,
           const FileFilter& filter);

  object::Store& store_;
  Placeholder placeholder_;
};

}  // namespace cli
