#include "model/dynamic_loader.hh"

#include "base/files.hh"
#include "base/guarded.hh"
#include "model/elf.hh"
#include "model/findings.hh"
#include "model/paths.hh"

#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

namespace model {

namespace {

constexpr const char* kCachePath = "/etc/ld.so.cache";
constexpr std::string_view kCacheMagic = "glibc-ld.so.cache1.1";

// What glibc's and musl's loaders search without any configuration; Debian's multiarch folders are in the
// loader of Debian and its children, whose names follow from the machine.
std::vector<std::string> default_directories(const Elf& elf) {
  static const std::map<std::pair<uint16_t, bool>, std::string> triples = {
      {{62, true}, "x86_64-linux-gnu"},      {{62, false}, "x86_64-linux-gnux32"},
      {{3, false}, "i386-linux-gnu"},        {{183, true}, "aarch64-linux-gnu"},
      {{40, false}, "arm-linux-gnueabihf"},  {{243, true}, "riscv64-linux-gnu"},
      {{21, true}, "powerpc64le-linux-gnu"}, {{22, true}, "s390x-linux-gnu"}};
  std::vector<std::string> directories;
  if (const auto found = triples.find({elf.machine, elf.is_64_bit}); found != triples.end()) {
    directories.push_back("/lib/" + found->second);
    directories.push_back("/usr/lib/" + found->second);
  }
  const char* const suffix = elf.is_64_bit ? "64" : "32";
  directories.push_back(std::string("/lib") + suffix);
  directories.push_back(std::string("/usr/lib") + suffix);
  directories.insert(directories.end(), {"/lib", "/usr/lib"});
  return directories;
}

// soname -> paths, in the cache's order (glibc, sysdeps/generic/dl-cache.h). Entries for special processors
// are left out: the container must not depend on which processor this is.
using LoaderCache = std::multimap<std::string, std::string>;

LoaderCache read_cache() {
  LoaderCache paths;
  const auto bytes = base::read_file_if_there(kCachePath);
  if (!bytes) {
    return paths;
  }
  const size_t start = bytes->find(kCacheMagic);
  if (start == std::string::npos) {
    return paths;
  }
  const std::string_view cache = std::string_view(*bytes).substr(start);
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    if (at + sizeof value <= cache.size()) {
      std::memcpy(&value, cache.data() + at, sizeof value);
    }
    return value;
  };
  const auto text = [&](size_t at) {
    return at < cache.size() ? std::string(cache.substr(at, cache.find('\0', at) - at)) : std::string();
  };
  constexpr size_t kHeader = 48;
  constexpr size_t kEntry = 24;
  const size_t count = number(20);
  for (size_t i = 0; i < count && kHeader + (i + 1) * kEntry <= cache.size(); ++i) {
    const size_t at = kHeader + i * kEntry;
    if (number(at + 16) == 0 && number(at + 20) == 0) {
      paths.emplace(text(number(at + 4)), text(number(at + 8)));
    }
  }
  return paths;
}

// The cache as it is now: a package that is installed writes it anew.
std::shared_ptr<const LoaderCache> loader_cache() {
  struct Known {
    std::string signature;
    std::shared_ptr<const LoaderCache> cache;
  };

  static base::Guarded<Known> known;
  return known.with([](Known& last) {
    const std::string signature = signature_line(kCachePath);
    if (last.signature != signature) {
      last = {signature, std::make_shared<const LoaderCache>(read_cache())};
    }
    return last.cache;
  });
}

class Closure {
 public:
  explicit Closure(std::set<std::string>& looked_at) : looked_at_(looked_at) {}

  base::Result<void> add(const std::string& path) {
    if (!files_.insert(path).second) {
      return {};
    }
    looked_at_.insert(path);
    const auto elf = read_elf(path);
    if (!elf) {
      return tl::unexpected(elf.error());
    }
    if (!*elf) {
      return add_script(path);
    }
    if (!(*elf)->interpreter.empty()) {
      if (auto done = add((*elf)->interpreter); !done) {
        return done;
      }
    }
    for (const std::string& name : (*elf)->needed) {
      auto found = find(name, **elf, path);
      if (!found) {
        return tl::unexpected(found.error());
      }
      if (auto done = add(*found); !done) {
        return done;
      }
    }
    return {};
  }

  std::set<std::string> take() { return std::move(files_); }

 private:
  base::Result<void> add_script(const std::string& path) {
    const std::string text = base::read_file(path);
    if (!text.starts_with("#!")) {
      return {};
    }
    const size_t from = text.find_first_not_of(" \t", 2);
    const size_t to = text.find_first_of(" \t\n", from);
    return from == std::string::npos ? base::Result<void>() : add(text.substr(from, to - from));
  }

  bool serves(const std::string& path, const Elf& user) {
    looked_at_.insert(path);
    if (::access(path.c_str(), R_OK) != 0) {
      return false;
    }
    const auto elf = read_elf(path);
    return elf && *elf && (*elf)->is_64_bit == user.is_64_bit && (*elf)->machine == user.machine;
  }

  std::optional<std::string> find_in(const std::string& list, const std::string& name, const Elf& user,
                                     const std::string& user_path) {
    for (std::string& directory : split_list(list)) {
      for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"}) {
        if (const size_t at = directory.find(origin); at != std::string::npos) {
          // The kernel tells the loader the file's real directory.
          const std::string real = parent_of(base::real_path(user_path).value_or(user_path));
          directory.replace(at, origin.size(), real);
        }
      }
      if (std::string path = directory + "/" + name; !directory.empty() && serves(path, user)) {
        return path;
      }
    }
    return std::nullopt;
  }

  base::Result<std::string> find(const std::string& name, const Elf& user, const std::string& user_path) {
    if (name.find('/') != std::string::npos) {
      return name;
    }
    const std::string& list = user.runpath.empty() ? user.rpath : user.runpath;
    if (auto found = find_in(list, name, user, user_path)) {
      return *found;
    }
    const std::vector<std::string> defaults = default_directories(user);
    // The cache is searched first, so what it says counts; but while that is in a directory that is searched
    // anyway, the cache, which each package installed changes, can stay out of the thunk.
    looked_at_.insert(kCachePath);
    const auto cache = loader_cache();
    const auto range = cache->equal_range(name);
    for (auto it = range.first; it != range.second; ++it) {
      if (serves(it->second, user)) {
        const std::string directory = parent_of(it->second);
        bool standard = false;
        for (const std::string& known : defaults) {
          standard = standard || known == directory;
        }
        if (!standard) {
          files_.insert(kCachePath);
        }
        return it->second;
      }
    }
    for (const std::string& directory : defaults) {
      if (std::string path = directory + "/" + name; serves(path, user)) {
        return path;
      }
    }
    return base::failure("'" + user_path + "' needs the library " + name + ", which is nowhere to be found");
  }

  std::set<std::string> files_;
  std::set<std::string>& looked_at_;
};

}  // namespace

base::Result<std::set<std::string>> runtime_files(const std::string& path, std::set<std::string>& looked_at) {
  Closure closure(looked_at);
  if (auto done = closure.add(path); !done) {
    return tl::unexpected(done.error());
  }
  return closure.take();
}

}  // namespace model
