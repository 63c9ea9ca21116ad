#include "model/scan/listings.hh"

namespace model::scan {
namespace {

constexpr size_t kDirectories = 10'000;

}  // namespace

std::shared_ptr<const DirectoryNames> Listings::of(const std::string& directory, const Identity& identity) {
  enum class Known : unsigned char { Nothing, State, Names };
  std::shared_ptr<const DirectoryNames> names;
  const Known known = entries_.with([&](auto& entries) {
    if (entries.size() > kDirectories) {
      entries.clear();
    }
    Entry& entry = entries[directory];
    if (entry.identity != identity) {
      entry = {identity, false, nullptr};
      return Known::Nothing;
    }
    names = entry.names;
    return entry.listed ? Known::Names : Known::State;
  });
  if (known != Known::State) {
    return names;
  }
  names = files_.names_in(directory, identity);
  entries_.with([&](auto& entries) { entries[directory] = {identity, true, names}; });
  return names;
}

}  // namespace model::scan
