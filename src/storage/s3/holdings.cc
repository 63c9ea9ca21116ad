#include "storage/s3/holdings.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/in_parallel.hh"
#include "storage/numbers.hh"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <unordered_set>

namespace storage {

namespace {

constexpr std::string_view kMagic = "gg s3 holdings 2\n";

// Of a file that may be anything.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::string_view> take(uint64_t count) {
    if (count > bytes_.size()) {
      return std::nullopt;
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::optional<uint64_t> number() {
    const auto bytes = take(kNumberBytes);
    return bytes ? std::optional(read_number(*bytes)) : std::nullopt;
  }

  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

Holdings::Holdings(BucketCalls& calls, const base::Clock& clock, Options options)
    : calls_(calls), clock_(clock), options_(std::move(options)) {
  read_file();
}

Holdings::~Holdings() {
  write_file();
}

// A file that is damaged, or of another version, is none.
void Holdings::read_file() {
  if (options_.file.empty()) {
    return;
  }
  std::optional<std::string> text;
  try {
    text = base::read_file_if_there(options_.file);
  } catch (const base::SyscallError&) {
    return;
  }
  if (!text || !text->starts_with(kMagic)) {
    return;
  }
  Reader reader(std::string_view(*text).substr(kMagic.size()));
  const auto listed = reader.number();
  std::vector<Pack> packs;
  while (listed && !reader.at_end()) {
    const auto name_length = reader.number();
    const auto name = name_length ? reader.take(*name_length) : std::nullopt;
    const auto bytes = reader.number();
    const auto length = reader.number();
    const auto end = length ? reader.take(*length) : std::nullopt;
    const auto index = end ? decode_index(*end, *bytes) : base::Result<PackIndex>(base::failure("short"));
    if (!name || !is_pack_name(*name) || !index) {
      return;
    }
    packs.push_back({std::string(*name), *bytes, *index, {}, {}});
  }
  if (!listed) {
    return;
  }
  for (Pack& pack : packs) {
    note(std::move(pack));
  }
  is_changed_ = false;
  listed_ = base::Nanoseconds(static_cast<int64_t>(*listed));
  const base::Nanoseconds age = clock_.wall() - listed_;
  if (age >= base::Nanoseconds(0) && age < options_.lease_of_others) {
    until_ = clock_.steady() + options_.lease_of_others - age;
  }
}

// A cache: what goes wrong costs a listing the next time.
void Holdings::write_file() {
  std::string bytes(kMagic);
  {
    const std::shared_lock lock(mutex_);
    if (options_.file.empty() || !is_changed_) {
      return;
    }
    append_number(bytes, static_cast<uint64_t>(listed_.count()));
    for (const Pack& pack : packs_) {
      const uint64_t length = index_and_footer_bytes(pack.index);
      append_number(bytes, pack.name.size());
      bytes += pack.name;
      append_number(bytes, pack.bytes);
      append_number(bytes, length);
      bytes += encode_index(pack.index, pack.bytes - length);
    }
  }
  try {
    base::make_directories(std::filesystem::path(options_.file).parent_path().string());
    base::write_file_atomically(options_.file, bytes);
    const std::unique_lock lock(mutex_);
    is_changed_ = false;
  } catch (const base::SyscallError&) {
  }
}

base::Result<void> Holdings::renew(const base::StillWanted& wanted) {
  const auto is_over = [this] {
    const std::shared_lock lock(mutex_);
    return until_ <= clock_.steady();
  };
  if (!is_over()) {
    return {};
  }
  std::unique_lock renewing(renewing_, std::defer_lock);
  const bool knows_nothing = [this] {
    const std::shared_lock lock(mutex_);
    return until_ == base::Nanoseconds(0);
  }();
  if (knows_nothing) {
    renewing.lock();
  } else if (!renewing.try_lock()) {
    return {};
  }
  return is_over() ? list(wanted) : base::Result<void>();
}

base::Result<void> Holdings::list(const base::StillWanted& wanted) {
  const base::Nanoseconds now = clock_.wall();
  const base::Nanoseconds began = clock_.steady();
  const auto listed = calls_.list(kFolder, wanted);
  if (!listed) {
    return tl::unexpected(listed.error());
  }
  const std::string_view folder(kFolder);
  std::unordered_set<std::string> there;
  std::vector<Pack> fresh;
  {
    const std::unique_lock lock(mutex_);
    std::unordered_set<std::string> known = unreadable_;
    for (const Pack& pack : packs_) {
      known.insert(pack.name);
    }
    for (const BucketCalls::Listed& entry : *listed) {
      const std::string name = entry.key.substr(folder.size());
      if (is_pack_name(name) && there.insert(name).second && known.count(name) == 0) {
        fresh.push_back({name, entry.bytes, {}, {}, {}});
      }
    }
    const size_t before = packs_.size();
    packs_.erase(std::remove_if(packs_.begin(), packs_.end(),
                                [&](const Pack& pack) {
                                  // What was written meanwhile need not have been listed.
                                  return pack.known_since < began && there.count(pack.name) == 0;
                                }),
                 packs_.end());
    if (packs_.size() != before) {
      rebuild();
    }
  }
  const auto read = base::in_parallel(fresh.size(), options_.streams, [&](size_t at) -> base::Result<void> {
    Pack& pack = fresh[at];
    auto index = read_index(calls_, kFolder + pack.name, pack.bytes, wanted);
    if (!index) {
      return tl::unexpected(std::move(index.error()));
    }
    const std::unique_lock lock(mutex_);
    if (*index) {
      pack.index = std::move(**index);
      note(std::move(pack));
    } else {
      unreadable_.insert(pack.name);
    }
    return {};
  });
  if (!read) {
    return read;
  }
  {
    const std::unique_lock lock(mutex_);
    listed_ = now;
    until_ = clock_.steady() + options_.lease;
    is_changed_ = true;
  }
  write_file();
  return {};
}

std::optional<Holdings::Place> Holdings::find(const object::Digest& digest) const {
  const std::shared_lock lock(mutex_);
  const auto found = objects_.find(digest);
  if (found == objects_.end()) {
    return std::nullopt;
  }
  const Pack& pack = packs_[found->second.pack];
  return Place{kFolder + pack.name, pack.index.objects[found->second.object]};
}

std::optional<uint64_t> Holdings::bytes_of(const std::string& key) const {
  const std::shared_lock lock(mutex_);
  const auto number = numbers_.find(key.substr(std::string_view(kFolder).size()));
  return number == numbers_.end() ? std::nullopt : std::optional(packs_[number->second].bytes);
}

std::vector<PackedObject> Holdings::between(const std::string& key, uint64_t offset, uint64_t end) const {
  const std::shared_lock lock(mutex_);
  const auto number = numbers_.find(key.substr(std::string_view(kFolder).size()));
  if (number == numbers_.end()) {
    return {};
  }
  const Pack& pack = packs_[number->second];
  const auto& objects = pack.index.objects;
  auto next = std::lower_bound(pack.by_offset.begin(), pack.by_offset.end(), offset,
                               [&](uint32_t one, uint64_t least) { return objects[one].offset < least; });
  std::vector<PackedObject> found;
  for (; next != pack.by_offset.end() && objects[*next].offset + objects[*next].stored <= end; ++next) {
    found.push_back(objects[*next]);
  }
  return found;
}

std::vector<object::Digest> Holdings::lacking(const std::vector<object::Digest>& digests) const {
  const std::shared_lock lock(mutex_);
  std::vector<object::Digest> rest;
  std::copy_if(digests.begin(), digests.end(), std::back_inserter(rest),
               [this](const object::Digest& digest) { return objects_.count(digest) == 0; });
  return rest;
}

std::optional<object::Digest> Holdings::result_of(const object::Digest& thunk) const {
  const std::shared_lock lock(mutex_);
  const auto found = memos_.find(thunk);
  return found == memos_.end() ? std::nullopt : std::optional(found->second);
}

void Holdings::add(const std::string& key, uint64_t bytes, PackIndex index) {
  const std::unique_lock lock(mutex_);
  for (const PackedObject& object : index.objects) {
    lost_.erase(object.digest);
  }
  note({key.substr(std::string_view(kFolder).size()), bytes, std::move(index), {}, clock_.steady()});
}

void Holdings::note(Pack pack) {
  const auto number = static_cast<uint32_t>(packs_.size());
  numbers_.insert_or_assign(pack.name, number);
  pack.by_offset.resize(pack.index.objects.size());
  std::iota(pack.by_offset.begin(), pack.by_offset.end(), 0U);
  std::sort(pack.by_offset.begin(), pack.by_offset.end(), [&](uint32_t a, uint32_t b) {
    return pack.index.objects[a].offset < pack.index.objects[b].offset;
  });
  for (size_t at = 0; at < pack.index.objects.size(); ++at) {
    const object::Digest& digest = pack.index.objects[at].digest;
    if (lost_.count(digest) == 0) {
      objects_.insert_or_assign(digest, Entry{number, static_cast<uint32_t>(at)});
    }
  }
  for (const PackedMemo& memo : pack.index.memos) {
    if (may_tell(pack.name, memo.thunk)) {
      memos_.insert_or_assign(memo.thunk, memo.result);
    }
  }
  packs_.push_back(std::move(pack));
  is_changed_ = true;
}

void Holdings::rebuild() {
  numbers_.clear();
  objects_.clear();
  memos_.clear();
  std::vector<Pack> packs = std::move(packs_);
  packs_.clear();
  for (Pack& pack : packs) {
    note(std::move(pack));
  }
  is_changed_ = true;
}

void Holdings::lose_pack(const std::string& key) {
  const std::unique_lock lock(mutex_);
  const std::string name = key.substr(std::string_view(kFolder).size());
  const auto gone =
      std::find_if(packs_.begin(), packs_.end(), [&](const Pack& pack) { return pack.name == name; });
  if (gone != packs_.end()) {
    packs_.erase(gone);
    rebuild();
  }
}

void Holdings::lose(std::span<const object::Digest> digests) {
  const std::unique_lock lock(mutex_);
  for (const object::Digest& digest : digests) {
    objects_.erase(digest);
    lost_.insert(digest);
  }
}

}  // namespace storage
