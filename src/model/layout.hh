#pragma once

#include "base/result.hh"
#include "model/encoded_directories.hh"
#include "model/model.hh"
#include "object/tree.hh"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace model {

// A tree under construction: files of the user's machine at their own absolute paths. Paths are walked as the
// kernel walks them, so each symlink on the way becomes an entry, too, and ".." is the real parent. One
// thread.
class Layout {
 public:
  explicit Layout(View& view);

  // The file at the path, symlinks followed to the file itself; it stays valid as long as this. Null: there
  // is none (what its path leads through is laid out all the same, so that the process meets the same
  // answer).
  [[nodiscard]] base::Result<const View::Seen*> add_input(const std::string& path);

  // The same for a file that was read, which is looked at again unless the reading says that it need not be.
  [[nodiscard]] base::Result<const View::Seen*> add_reading(const scan::Reading& reading);

  // An entry that does not have to be on this machine; what stands there already stays.
  [[nodiscard]] base::Result<void> add_entry(const std::string& path, const object::Entry& entry);

  // An empty directory if it is one on the user's machine, else nothing.
  [[nodiscard]] base::Result<void> add_directory(const std::string& path);

  // Encodes all directories, leaves first, adds them to `encoded` and says the root's name.
  [[nodiscard]] object::Digest finish(EncodedDirectories& directories, std::vector<EncodedObject>& encoded);

  // The files that were laid out, and where each was seen.
  [[nodiscard]] std::vector<std::pair<object::Digest, std::string>> take_files() { return std::move(files_); }

 private:
  using Leaves = std::map<std::string, View::Seen, std::less<>>;

  struct Node {
    std::string path;  // real; "" for the root
    Node* parent = nullptr;
    Leaves leaves;
    std::map<std::string, std::unique_ptr<Node>, std::less<>> directories;
  };

  // Where a path leads: a directory, a leaf that is laid out now, or nothing.
  struct Nothing {};

  struct Leaf {
    const View::Seen* seen;
  };

  using Place = std::variant<Nothing, Leaf, Node*>;

  [[nodiscard]] base::Result<Place> walk(Node* from, std::string_view path, int depth);
  [[nodiscard]] base::Result<Place> step(Node* from, std::string_view name, int depth);
  [[nodiscard]] base::Result<Place> directory(std::string_view path);
  Leaves::iterator lay_out(Node* parent, Leaves::iterator before, std::string_view name, View::Seen seen);
  [[nodiscard]] Node* child(Node* parent, std::string_view name);
  [[nodiscard]] static object::Subdirectory finish_node(const Node& node, EncodedDirectories& directories,
                                                        std::vector<EncodedObject>& encoded);

  View& view_;
  Node root_;
  std::unordered_map<std::string, Place, scan::HashOfName, std::equal_to<>> known_directories_;
  std::vector<std::pair<object::Digest, std::string>> files_;
};

}  // namespace model
