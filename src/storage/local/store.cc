#include "storage/local/store.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"
#include "storage/local/copy.hh"
#include "storage/local/failure.hh"
#include "storage/local/fresh_file.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace storage {

namespace {

using base::SyscallError;
using base::UniqueFd;
using object::Digest;

// Up to here, reading and hashing an object costs about what asking the kernel to copy it does.
constexpr uint64_t kSmallObject = 1U << 17U;

// Beyond it, what was checked is forgotten and checked again: a bound on memory (some 10 MB), not on objects.
constexpr size_t kMostChecked = 100'000;

constexpr base::Nanoseconds kMarkInterval = std::chrono::hours(1);

constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;

base::Nanoseconds time_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + base::Nanoseconds(time.tv_nsec);
}

timespec as_timespec(base::Nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {seconds.count(), (time - seconds).count()};
}

bool has_object_mtime(const struct stat& status) {
  return status.st_mtim.tv_sec == kObjectMtimeSeconds && status.st_mtim.tv_nsec == 0;
}

// nullopt: no such file.
std::optional<struct stat> look_at(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) == 0) {
    return status;
  }
  if (errno == ENOENT) {
    return std::nullopt;
  }
  throw SyscallError("look at", path);
}

// None: no such file, or a symlink, which no store holds as an object.
UniqueFd open_object(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kReadFlags));
  if (!fd && errno != ENOENT && errno != ELOOP) {
    throw SyscallError("open", path);
  }
  return fd;
}

void rename_into(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) {
    return;
  }
  if (errno != ENOENT) {
    throw SyscallError("rename to", to);
  }
  const std::string folder = to.substr(0, to.rfind('/'));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw SyscallError("create directory", folder);
  }
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw SyscallError("rename to", to);
  }
}

// Gives `path` its bytes, by `fill`, or leaves nothing there.
void create_outside(const std::string& path, mode_t mode, const std::function<void(int fd)>& fill) {
  FreshFile file(path, mode);
  fill(file.fd());
  file.close();
  file.keep();
}

// Runs `body`; what fails in it is about a file outside the store.
base::Result<bool> outside(const std::function<void()>& body) {
  try {
    body();
    return true;
  } catch (const SyscallError& error) {
    return tl::unexpected<base::Error>(outside_error(error));
  }
}

tl::unexpected<base::Error> read_only_failure(const Layout& layout) {
  return base::failure("the store " + base::shell_quoted(layout.root) +
                           " is open for reading only: objects can't be put there",
                       base::FailureKind::RetryElsewhere);
}

// What a read says when the bytes are gone for good, rather than out of reach for now.
bool is_loss(int err) {
  return err == EIO || err == EISDIR || err == EBADMSG || err == EUCLEAN;
}

bool link_is_refused(int err) {
  switch (err) {
    case EXDEV:       // another file system, or another mount of the same
    case EMLINK:      // ext4 ends at 65,000
    case EPERM:       // a file system without hard links, or fs.protected_hardlinks
    case EACCES:      // a security module
    case EOPNOTSUPP:  // some network and user-space file systems
      return true;
    default:
      return false;
  }
}

}  // namespace

base::Result<std::unique_ptr<LocalStore>> LocalStore::open(const std::string& directory,
                                                           const base::Clock& clock, Warn warn,
                                                           Access access) {
  const base::Result<Layout> layout = claim_directory(directory, access);
  if (!layout) {
    return tl::unexpected(layout.error());
  }
  return in_store(layout->root, [&]() -> base::Result<std::unique_ptr<LocalStore>> {
    return std::unique_ptr<LocalStore>(new LocalStore(*layout, clock, std::move(warn), access));
  });
}

LocalStore::LocalStore(Layout layout, const base::Clock& clock, Warn warn, Access access)
    : layout_(std::move(layout)),
      clock_(clock),
      warn_(std::move(warn)),
      packs_(layout_.packs(), [this](int fd) { return mark_pack(fd); }) {
  if (access == Access::ReadWrite) {
    session_.emplace(layout_.temporaries(), clock_.wall());
  }
}

base::Result<size_t> LocalStore::remove_what_dead_sessions_left() {
  return in_store(layout_.root, [&]() -> base::Result<size_t> {
    return survey_sessions(layout_.temporaries(), Sweep::Remove).orphans.size();
  });
}

base::Result<std::optional<std::string>> LocalStore::get(const Digest& digest) {
  return in_store(layout_.root, [&]() -> base::Result<std::optional<std::string>> {
    std::optional<std::string> bytes = read_sound(digest);
    return bytes ? std::move(bytes) : packs_.read(digest);
  });
}

base::Result<Digest> LocalStore::put(std::string_view bytes) {
  return in_store(layout_.root, [&]() -> base::Result<Digest> {
    const Digest digest = object::hash(bytes);
    if (holds_sound(digest, Form::Plain) || packs_.read(digest)) {
      return digest;
    }
    if (!session_) {
      return read_only_failure(layout_);
    }
    write_object(digest, Form::Plain, [&](int fd) { base::write_all(fd, bytes, layout_.object(digest)); });
    return digest;
  });
}

base::Result<Digest> LocalStore::put_file(int fd, std::string_view subject, const base::StillWanted& wanted) {
  std::string bytes;
  try {
    const struct stat status = base::status_of(fd, subject);
    if (!S_ISREG(status.st_mode)) {
      return base::failure("put '" + std::string(subject) + "': not a regular file");
    }
    if (static_cast<uint64_t>(status.st_size) > kSmallObject) {
      return put_large(fd, subject, wanted);
    }
    if (::lseek(fd, 0, SEEK_SET) < 0) {
      throw SyscallError("seek in", subject);
    }
    bytes = base::read_all(fd, subject);
  } catch (const SyscallError& error) {
    return tl::unexpected<base::Error>(outside_error(error));
  }
  return put(bytes);
}

// Hashed first, since most large files that are put are held already, and a second hash costs less than
// writing.
base::Result<Digest> LocalStore::put_large(int fd, std::string_view subject,
                                           const base::StillWanted& wanted) {
  const Digest expected = hash_from_start(fd, subject, wanted);
  return in_store(layout_.root, [&]() -> base::Result<Digest> {
    if (holds_sound(expected, Form::Plain)) {
      return expected;
    }
    if (!session_) {
      return read_only_failure(layout_);
    }
    // If the file changes meanwhile, the name is that of the bytes which arrived.
    FreshFile file(session_->temporary_path(), kPlainMode);
    const Digest arrived = copy_and_hash({fd, subject, file.fd(), file.path()}, wanted);
    publish(file, arrived, Form::Plain);
    return arrived;
  });
}

base::Result<std::vector<Digest>> LocalStore::missing(std::span<const Digest> digests) {
  return in_store(layout_.root, [&]() -> base::Result<std::vector<Digest>> {
    std::vector<Digest> lacking;
    for (const Digest& digest : digests) {
      const std::string path = layout_.object(digest);
      const std::optional<struct stat> status = look_at(path);
      const bool held = status && S_ISREG(status->st_mode) &&
                        static_cast<uint64_t>(status->st_size) == digest.size() &&
                        mark_used(path, *status, Form::Plain);
      if (!held && !packs_.read(digest)) {
        lacking.push_back(digest);
      }
    }
    return lacking;
  });
}

base::Result<bool> LocalStore::place(const Digest& digest, bool executable, const std::string& path,
                                     Placing placing) {
  const auto place_file = [&] {
    return placing == Placing::HardLink ? place_link(digest, executable, path)
                                        : place_copy(digest, path, executable ? 0755 : 0644);
  };
  return in_store(layout_.root, [&]() -> base::Result<bool> {
    base::Result<bool> placed = place_file();
    return placed && !*placed && unpack(digest) ? place_file() : placed;
  });
}

base::Result<bool> LocalStore::place_copy(const Digest& digest, const std::string& path, mode_t mode) {
  if (digest.size() <= kSmallObject) {
    const std::optional<std::string> bytes = read_sound(digest);
    if (!bytes) {
      return false;
    }
    return outside([&] { create_outside(path, mode, [&](int to) { base::write_all(to, *bytes, path); }); });
  }
  if (!holds_sound(digest, Form::Plain)) {
    return false;
  }
  const UniqueFd from = open_object(layout_.object(digest));
  if (!from) {
    return false;
  }
  return outside(
      [&] { create_outside(path, mode, [&](int to) { copy_bytes(from.get(), to, digest.size(), path); }); });
}

base::Result<bool> LocalStore::place_link(const Digest& digest, bool executable, const std::string& path) {
  const Form form = executable ? Form::Twin : Form::Plain;
  if (!holds_sound(digest, Form::Plain)) {
    return false;
  }
  const bool linkable = form == Form::Plain || holds_sound(digest, form) || make_twin(digest);
  if (linkable) {
    const std::string source = path_of(digest, form);
    int err = ENOENT;
    // Another thread that makes the same twin replaces its inode between link's look-up and its act; link(2)
    // then says ENOENT although the name is there.
    for (int tries = 0; tries < 100 && err == ENOENT && (tries == 0 || look_at(source)); ++tries) {
      if (::link(source.c_str(), path.c_str()) == 0) {
        return true;
      }
      err = errno;
    }
    if (err == ENOENT && !look_at(source)) {
      return false;  // collected just now
    }
    if (!link_is_refused(err)) {
      return tl::unexpected<base::Error>(outside_error(SyscallError("link an object to", path, err)));
    }
  }
  base::Result<bool> placed = place_copy(digest, path, mode_of(form));
  if (!placed || !*placed || ::chmod(path.c_str(), mode_of(form)) == 0) {  // no umask: as the link would be
    return placed;
  }
  return tl::unexpected<base::Error>(outside_error(SyscallError("change the mode of", path)));
}

base::Result<void> LocalStore::put_pack(std::vector<std::pair<Digest, std::string>> objects) {
  return in_store(layout_.root, [&]() -> base::Result<void> {
    if (!session_) {
      return read_only_failure(layout_);
    }
    FreshFile file(session_->temporary_path(), kPlainMode);
    base::write_all(file.fd(), encode_pack(std::move(objects)), file.path());
    const timespec times[2] = {as_timespec(time_of_use()), {kObjectMtimeSeconds, 0}};
    if (::futimens(file.fd(), times) != 0) {
      throw SyscallError("set the times of", file.path());
    }
    file.close();
    const std::string path = layout_.packs() + file.path().substr(file.path().rfind('/')) + ".pack";
    if (::rename(file.path().c_str(), path.c_str()) != 0) {
      throw SyscallError("move to", path);
    }
    file.keep();
    return {};
  });
}

// As mark_used(). Who holds a pack open reads on when gc has removed it, but what it holds is gone for
// others.
bool LocalStore::mark_pack(int fd) {
  struct stat status {};

  if (!session_) {
    return true;
  }
  if (::fstat(fd, &status) != 0) {
    return false;
  }
  const base::Nanoseconds now = time_of_use();
  if (time_of(status.st_atim) < std::max(session_->start(), now - kMarkInterval)) {
    const timespec times[2] = {as_timespec(now), {0, UTIME_OMIT}};
    (void)::futimens(fd, times);
    return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
  }
  return status.st_nlink > 0;
}

// An object that lies in a pack gets a file of its own, to be linked and copied from.
bool LocalStore::unpack(const Digest& digest) {
  const std::optional<std::string> bytes = packs_.read(digest);
  if (!bytes || !session_) {
    return false;
  }
  write_object(digest, Form::Plain, [&](int fd) { base::write_all(fd, *bytes, layout_.object(digest)); });
  return true;
}

// False: the store can't be written to, or the object went away meanwhile.
bool LocalStore::make_twin(const Digest& digest) {
  const UniqueFd from = session_ ? open_object(layout_.object(digest)) : UniqueFd();
  if (!from) {
    return false;
  }
  write_object(digest, Form::Twin,
               [&](int to) { copy_bytes(from.get(), to, digest.size(), layout_.twin(digest)); });
  return true;
}

mode_t LocalStore::mode_of(Form form) {
  return form == Form::Plain ? kPlainMode : kExecutableMode;
}

std::string LocalStore::path_of(const Digest& digest, Form form) const {
  return form == Form::Plain ? layout_.object(digest) : layout_.twin(digest);
}

std::optional<std::string> LocalStore::read_sound(const Digest& digest) {
  const std::string path = layout_.object(digest);
  const UniqueFd fd = open_object(path);
  if (!fd) {
    return std::nullopt;
  }
  const struct stat status = base::status_of(fd.get(), path);
  std::string bytes;
  const std::optional<Digest> found = found_in(path, [&] {
    bytes = base::read_all(fd.get(), path);
    return object::hash(bytes);
  });
  if (!found || !is_as_named(digest, *found, path)) {
    return std::nullopt;
  }
  (void)mark_used(path, status, Form::Plain);  // collected just now or not, these are its bytes
  note_checked(digest, Form::Plain, status);
  return bytes;
}

// Is it there, and do its bytes match its name? The bytes are looked at once per process and inode.
bool LocalStore::holds_sound(const Digest& digest, Form form) {
  const std::string path = path_of(digest, form);
  const std::optional<struct stat> status = look_at(path);
  if (!status) {
    return false;
  }
  if (is_checked(digest, form, *status)) {
    return mark_used(path, *status, form);
  }
  const UniqueFd fd = open_object(path);
  return fd && is_sound(fd.get(), digest, form);
}

bool LocalStore::is_sound(int fd, const Digest& digest, Form form) {
  const std::string path = path_of(digest, form);
  const struct stat status = base::status_of(fd, path);
  if (session_ && S_ISREG(status.st_mode) && !has_object_mtime(status)) {
    return renew(fd, digest, form);
  }
  const std::optional<Digest> found = found_in(path, [&] { return hash_from_start(fd, path); });
  if (!found || !is_as_named(digest, *found, path)) {
    return false;
  }
  note_checked(digest, form, status);
  return mark_used(path, status, form);
}

// Somebody has written to this inode, or may have, through a hard link that was given away. If the bytes are
// still right they get an inode of their own.
bool LocalStore::renew(int fd, const Digest& digest, Form form) {
  const std::string path = path_of(digest, form);
  FreshFile file(session_->temporary_path(), mode_of(form));
  const std::optional<Digest> found = found_in(path, [&] {
    return copy_and_hash({fd, path, file.fd(), file.path()});
  });
  if (!found || !is_as_named(digest, *found, path)) {
    return false;
  }
  publish(file, digest, form);
  return true;
}

// What `read` finds at `path`; nullopt, and damage dealt with, if the disk lost it.
std::optional<Digest> LocalStore::found_in(const std::string& path, const std::function<Digest()>& read) {
  try {
    return read();
  } catch (const SyscallError& error) {
    if (!is_loss(error.code().value())) {
      throw;
    }
    handle_damage(path, error.what());
    return std::nullopt;
  }
}

bool LocalStore::is_as_named(const Digest& asked, const Digest& found, const std::string& path) {
  if (found.hash() != asked.hash()) {
    handle_damage(path, "its bytes are those of " + found.to_string());
  }
  // With equal hashes and another size the file is fine, and nobody has an object of the size asked for.
  return found == asked;
}

void LocalStore::handle_damage(const std::string& path, const std::string& what) {
  std::string outcome = "left where it is, since the store is open for reading only";
  if (session_) {
    const std::optional<std::string> place = quarantine(path);
    outcome = place ? "moved to " + base::shell_quoted(*place) : "already gone";
  }
  if (warn_) {
    warn_("damaged object " + base::shell_quoted(path) + " (" + what + "): " + outcome +
          "; it will be made again. If this happens often, check the disk and the memory");
  }
}

std::optional<std::string> LocalStore::quarantine(const std::string& path) {
  const std::string temporary = session_->temporary_path();  // its last part is unique for ever
  const std::string place =
      layout_.quarantine() + path.substr(path.rfind('/')) + "." + temporary.substr(temporary.rfind('/') + 1);
  if (::rename(path.c_str(), place.c_str()) == 0) {
    return place;
  }
  if (errno == ENOENT) {
    return std::nullopt;
  }
  throw SyscallError("move to quarantine", path);
}

bool LocalStore::is_checked(const Digest& digest, Form form, const struct stat& status) const {
  if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) != digest.size() ||
      !has_object_mtime(status)) {
    return false;
  }
  return checked_[static_cast<size_t>(form)].with([&](const Checked& checked) {
    const auto it = checked.find(digest);
    return it != checked.end() && it->second == Inode{status.st_dev, status.st_ino};
  });
}

void LocalStore::note_checked(const Digest& digest, Form form, const struct stat& status) {
  checked_[static_cast<size_t>(form)].with([&](Checked& checked) {
    if (checked.size() >= kMostChecked) {
      checked.clear();
    }
    checked.insert_or_assign(digest, Inode{status.st_dev, status.st_ino});
  });
}

// The atime is the time of last use, set by us (mounts with noatime are fine), once per session and at most
// once an hour; a mode that somebody changed through a hard link is mended. False: the file was collected
// just now. Other failures cost an early eviction, never a wrong byte, and are no error.
bool LocalStore::mark_used(const std::string& path, const struct stat& status, Form form) {
  if (!session_) {
    return true;
  }
  if ((status.st_mode & 07777U) != mode_of(form)) {
    (void)::chmod(path.c_str(), mode_of(form));
  }
  const base::Nanoseconds now = time_of_use();
  if (time_of(status.st_atim) >= std::max(session_->start(), now - kMarkInterval)) {
    return true;
  }
  const timespec times[2] = {as_timespec(now), {0, UTIME_OMIT}};
  return ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

// Not before the session, whatever the clock does meanwhile: gc goes by that.
base::Nanoseconds LocalStore::time_of_use() const {
  return std::max(clock_.wall(), session_->start());
}

void LocalStore::write_object(const Digest& digest, Form form, const std::function<void(int fd)>& fill) {
  FreshFile file(session_->temporary_path(), mode_of(form));
  fill(file.fd());
  publish(file, digest, form);
}

// Replaces what stands there: two who put the same bytes both succeed.
void LocalStore::publish(FreshFile& file, const Digest& digest, Form form) {
  const struct stat status = base::status_of(file.fd(), file.path());
  if ((status.st_mode & 07777U) != mode_of(form) && ::fchmod(file.fd(), mode_of(form)) != 0) {  // umask
    throw SyscallError("change the mode of", file.path());
  }
  const timespec times[2] = {as_timespec(time_of_use()), {kObjectMtimeSeconds, 0}};
  if (::futimens(file.fd(), times) != 0) {
    throw SyscallError("set the times of", file.path());
  }
  file.close();
  rename_into(file.path(), path_of(digest, form));
  file.keep();
  note_checked(digest, form, status);
}

}  // namespace storage
