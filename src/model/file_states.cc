#include "model/file_states.hh"

namespace model {

FileStates states_of(View& view, const std::vector<std::string>& paths, base::Nanoseconds start) {
  FileStates states;
  for (const std::string& path : paths) {
    const scan::Look look = view.look(path);
    states.files.emplace(path, look.identity);
    states.settled = states.settled && scan::is_settled(look.identity, start);
  }
  return states;
}

}  // namespace model
