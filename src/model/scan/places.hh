#pragma once

#include "model/scan/epoch_map.hh"
#include "model/scan/header_cache.hh"
#include "model/scan/listings.hh"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace model::scan {

struct Folder {
  std::string name;  // as the compiler spells it; "" for the working directory
  std::string absolute;
  uint32_t number = 0;
  Look look;
  uint32_t looked = 0;                          // the unit that looked last
  std::shared_ptr<const DirectoryNames> names;  // null: not known
  Identity names_of;
  uint64_t listing = 0;  // tells these names from all that this table had before
};

// One path as a compiler would spell it, and what is known of it.
struct Place {
  std::string spelled;       // directory + "/" + name
  std::string absolute;      // for the file system
  Folder* parent = nullptr;  // the directory that its last component stands in
  std::string
      path;  // as the compiler goes on to call it (canonical, where it does that); set when it is a file
  Look look;
  bool path_of_system = false;  // `path` was made for a system directory
  uint32_t looked = 0;          // the unit that looked last
  std::shared_ptr<const FileDirectives> directives;
  Identity directives_of;               // of what can't be kept, none: the next unit does not find it
  Identity read_as;                     // what the bytes of the last load were read from
  std::optional<uint64_t> fingerprint;  // as in Reading
  uint32_t directives_dialect = 0;
  uint64_t absent_from = 0;  // the parent's listing that does not have it
};

// Paths are put together once, not once per translation unit. Kept by one worker from unit to unit, so that
// the warm path takes no lock and allocates nothing. One thread.
class PlaceTable {
 public:
  PlaceTable(FileSystem& files, HeaderCache& headers, Listings& listings, Vocabulary& vocabulary)
      : files_(files), headers_(headers), listings_(listings), vocabulary_(vocabulary) {}

  // A new translation unit: files are looked at anew.
  void begin(const std::string& working_directory, const Dialect& dialect, uint32_t dialect_number,
             bool canonical_system_headers);

  // References stay valid until the next `begin`.
  [[nodiscard]] Folder& folder(std::string_view name);
  [[nodiscard]] Place& place(const Folder& folder, uint32_t name);

  // What is there, asked of the file system once per unit.
  const Look& look(Place& place, bool in_system_folder);

  const Look& look(Folder& folder);

  // The file's directives; nullptr and `error` when it can't be read.
  [[nodiscard]] const FileDirectives* load(Place& place, std::string& error);

  // The same for a file that no other unit will want: nothing of it is kept.
  [[nodiscard]] const FileDirectives* load_once(Place& place, std::string& error);

  // Absolute paths that were looked at in this unit and not found.
  [[nodiscard]] const std::vector<std::string_view>& absent() const { return absent_; }

  // Directories in which those were looked for and that are there, each once. clang looks at a file's
  // directory first.
  [[nodiscard]] std::vector<std::string> folders_of_absent();

  [[nodiscard]] base::Result<std::string> bytes(const Place& place);

 private:
  void forget_if_large();
  [[nodiscard]] bool is_absent(Place& place);

  FileSystem& files_;
  HeaderCache& headers_;
  Listings& listings_;
  Vocabulary& vocabulary_;
  std::string working_directory_;
  Dialect dialect_;
  uint32_t dialect_number_ = 0;
  bool canonical_ = true;
  uint32_t unit_ = 0;
  uint64_t listing_ = 0;
  std::unordered_map<std::string, Folder*> folders_by_name_;
  std::deque<Folder> folders_;
  std::deque<Place> places_;
  EpochMap places_by_name_;
  std::vector<std::string_view> absent_;
  std::vector<std::shared_ptr<const FileDirectives>> unkept_;  // alive until the unit ends
};

}  // namespace model::scan
