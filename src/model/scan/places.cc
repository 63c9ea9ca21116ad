#include "model/scan/places.hh"

#include "model/scan/search_path.hh"

#include <algorithm>
#include <unordered_set>

namespace model::scan {
namespace {

constexpr size_t kPlaces = 32'768;

}  // namespace

void PlaceTable::begin(const std::string& working_directory, const Dialect& dialect, uint32_t dialect_number,
                       bool canonical_system_headers) {
  unkept_.clear();
  absent_.clear();
  forget_if_large();
  if (const bool canonical = canonical_system_headers && dialect.flavour == Flavour::Gcc;
      canonical_ != canonical) {
    canonical_ = canonical;
    for (Place& place : places_) {
      place.path.clear();
    }
  }
  working_directory_ = working_directory;
  dialect_ = dialect;
  dialect_number_ = dialect_number;
  ++unit_;
}

// Headers of one unit alone would pile up; to put the shared ones together again costs little.
void PlaceTable::forget_if_large() {
  if (places_.size() > kPlaces) {
    places_.clear();
    places_by_name_.clear();
    folders_by_name_.clear();
    folders_.clear();
  }
}

Folder& PlaceTable::folder(std::string_view name) {
  std::string key;
  if (!name.starts_with('/')) {
    key = working_directory_;
    key += '\0';
  }
  key += name;
  Folder*& known = folders_by_name_[key];
  if (known == nullptr) {
    const auto number = static_cast<uint32_t>(folders_.size());
    folders_.push_back({std::string(name), absolute(working_directory_, name), number, {}, 0, nullptr, {}});
    known = &folders_.back();
  }
  return *known;
}

Place& PlaceTable::place(const Folder& folder, uint32_t name) {
  const uint64_t key = uint64_t{folder.number} << 32U | name;
  if (const auto known = places_by_name_.find(key)) {
    return places_[*known];
  }
  const std::string_view text = vocabulary_.spellings.text(name);
  Place place;
  place.spelled = folder.name;
  if (!place.spelled.empty() && place.spelled.back() != '/') {
    place.spelled += '/';
  }
  place.spelled += text;
  place.absolute = absolute(working_directory_, place.spelled);
  place.parent = &this->folder(
      std::string_view(place.absolute).substr(0, std::max<size_t>(place.absolute.rfind('/'), 1)));
  places_by_name_.set(key, static_cast<uint32_t>(places_.size()));
  places_.push_back(std::move(place));
  return places_.back();
}

const Look& PlaceTable::look(Place& place, bool in_system_folder) {
  if (place.looked == unit_) {
    return place.look;
  }
  const Look before = place.look;
  place.look = is_absent(place) ? Look{} : files_.look(place.absolute);
  place.looked = unit_;
  if (place.look.what == Look::What::Absent) {
    absent_.push_back(place.absolute);
    return place.look;
  }
  if (place.path.empty() || place.path_of_system != in_system_folder ||
      place.look.identity != before.identity) {
    place.path = place.spelled;
    place.path_of_system = in_system_folder;
    if (canonical_ && in_system_folder) {
      // gcc calls a system header by its real path where that is shorter.
      if (std::string real = files_.real_path(place.absolute); real.size() < place.spelled.size()) {
        place.path = std::move(real);
      }
    }
  }
  return place.look;
}

// What its directory tells: one look for all the headers that are looked for there in vain.
bool PlaceTable::is_absent(Place& place) {
  if (look(*place.parent).what == Look::What::Absent) {
    return true;
  }
  const DirectoryNames* names = place.parent->names.get();
  if (names == nullptr || place.absent_from == place.parent->listing) {
    return names != nullptr;
  }
  const bool absent =
      !names->contains(std::string_view(place.absolute).substr(place.absolute.rfind('/') + 1));
  if (absent) {
    place.absent_from = place.parent->listing;
  }
  return absent;
}

const Look& PlaceTable::look(Folder& folder) {
  if (folder.looked != unit_) {
    folder.look = files_.look(folder.absolute);
    folder.looked = unit_;
    if (folder.look.what != Look::What::Directory) {
      folder.names = nullptr;
    } else if (!folder.names || folder.names_of != folder.look.identity) {
      folder.names = listings_.of(folder.absolute, folder.look.identity);
      folder.listing = ++listing_;
      folder.names_of = folder.look.identity;
    }
  }
  return folder.look;
}

const FileDirectives* PlaceTable::load(Place& place, std::string& error) {
  const bool current = place.directives && place.directives_dialect == dialect_number_ &&
                       place.directives_of == place.look.identity;
  if (current) {
    place.read_as = place.directives_of;
    place.fingerprint = std::nullopt;
    return place.directives.get();
  }
  auto loaded = headers_.load(place.absolute, place.look.identity, dialect_, dialect_number_);
  if (!loaded) {
    error = loaded.error().message;
    return nullptr;
  }
  if (place.directives) {
    unkept_.push_back(std::move(place.directives));  // this unit may have been through it already
  }
  place.directives = loaded->directives;
  place.directives_of = loaded->fingerprint ? Identity{} : loaded->identity;
  place.read_as = loaded->identity;
  place.fingerprint = loaded->fingerprint;
  place.directives_dialect = dialect_number_;
  return place.directives.get();
}

const FileDirectives* PlaceTable::load_once(Place& place, std::string& error) {
  const auto contents = files_.read(place.absolute);
  if (!contents) {
    error = contents.error().message;
    return nullptr;
  }
  const Reading reading = reading_of(place.absolute, *contents);
  place.read_as = reading.identity;
  place.fingerprint = reading.fingerprint;
  unkept_.push_back(reduce(contents->bytes, dialect_, vocabulary_));
  return unkept_.back().get();
}

std::vector<std::string> PlaceTable::folders_of_absent() {
  std::unordered_set<std::string_view> names;
  std::vector<std::string> there;
  for (const std::string_view path : absent_) {
    const std::string_view name = path.substr(0, path.rfind('/'));
    if (!name.empty() && names.insert(name).second && look(folder(name)).what == Look::What::Directory) {
      there.emplace_back(name);
    }
  }
  return there;
}

base::Result<std::string> PlaceTable::bytes(const Place& place) {
  auto contents = files_.read(place.absolute);
  if (!contents) {
    return tl::unexpected(contents.error());
  }
  return std::move(contents->bytes);
}

}  // namespace model::scan
