#pragma once

#include "model/model.hh"
#include "model/shared_links.hh"
#include "object/store.hh"

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace model {

// What ld reads and writes for its words.
struct LinkFootprint {
  std::set<std::string> inputs;                              // absolute
  std::vector<std::pair<std::string, object::Entry>> given;  // inputs of promised libraries' own links
  std::set<std::string> directories;                         // absolute; searched
  std::vector<std::string> outputs;                          // besides -o: maps; as ld names them
  std::string output = "a.out";                              // -o
  SharedLink link;                                           // for who links what this makes
};

using LinkAnswer = std::variant<LinkFootprint, Declined, MustRead>;

struct LinkQuestion {
  std::vector<std::string> words;                // ld's own, argv[0] not among them
  std::vector<std::string> default_directories;  // where ld looks for -l after -L: its built-in SEARCH_DIRs
  std::string sysroot;                           // of ld
  std::string working_directory;
  std::map<std::string, std::string> environment;
  std::set<std::string> temporaries;  // names among the words that the driver makes itself
};

// Finds libraries as ld does (ld's manual, -l, -L, -rpath-link): every file that ld would open, and of shared
// libraries also those that they need in turn, since ld looks into them for undefined symbols. Where ld would
// take one of several candidates for a needed library, all that are there are inputs, so that it takes the
// same in a container. What a shared library of this run needs may not be known yet: all that its own link
// read is looked into.
[[nodiscard]] base::Result<LinkAnswer> find_link_inputs(const LinkQuestion& question, View& view,
                                                        object::Store& store, const SharedLinks& links);

}  // namespace model
