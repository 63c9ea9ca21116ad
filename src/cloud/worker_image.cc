#include "cloud/worker_image.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"

#include <dirent.h>
#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <set>

namespace cloud {

namespace {

using Kind = ImageEntry::Kind;

constexpr std::string_view kRoot = "/tmp/root";

// What stays real in "/". The functions' host puts something there, or the worker does.
constexpr std::array kReal{"dev", "etc", "gg", "proc", "sys", "tmp", "var"};

// Of a machine, not of what its programs read.
constexpr std::array kLeftOut{"boot", "lost+found"};

// There on each machine on which a thunk may have been made.
constexpr std::array kUsual{"bin", "home", "lib",  "lib32", "lib64", "libx32", "media",
                            "mnt", "opt",  "root", "run",   "sbin",  "srv",    "usr"};

// The worker's own, and what the functions' host lays over the image; the rest of /etc is the thunk's.
constexpr std::array kRealEtc{"group", "hosts", "hostname", "mtab", "nsswitch.conf", "passwd", "resolv.conf"};

constexpr std::array kUsualEtc{"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"};

// Not of any machine, nor anybody's to read.
constexpr std::array kSecretEtc{"gshadow", "gshadow-", "shadow", "shadow-"};

template <class List>
bool is_in(const List& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

ImageEntry folder(std::string path, unsigned mode = 0755) {
  return {std::move(path), Kind::Directory, mode, ""};
}

ImageEntry file(std::string path, std::string bytes, unsigned mode = 0644) {
  return {std::move(path), Kind::File, mode, std::move(bytes)};
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::vector<std::string> names_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
  if (!listing) {
    throw base::SyscallError("opendir", folder);
  }
  std::vector<std::string> names;
  while (const dirent* entry =
             ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string architecture_of(const std::string& program) {
  const std::string bytes = base::read_file(program);
  Elf64_Ehdr header{};
  if (bytes.size() < sizeof header || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    throw base::OperatorError("'" + program + "' is no program: an image needs a gg-worker");
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  switch (header.e_machine) {
    case EM_X86_64:
      return "amd64";
    case EM_AARCH64:
      return "arm64";
    default:
      throw base::OperatorError("'" + program + "' is for a processor that no function has (x86_64, arm64)");
  }
}

std::string without_sections(std::string elf) {
  Elf64_Ehdr header{};
  if (elf.size() < sizeof header || std::memcmp(elf.data(), ELFMAG, SELFMAG) != 0 ||
      elf[EI_CLASS] != ELFCLASS64) {
    return elf;
  }
  std::memcpy(&header, elf.data(), sizeof header);
  uint64_t end = header.e_phoff + uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || end > elf.size()) {
    return elf;
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, elf.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_offset + segment.p_filesz > elf.size()) {
      return elf;
    }
    end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shstrndx = 0;
  std::memcpy(elf.data(), &header, sizeof header);
  elf.resize(end);
  return elf;
}

std::vector<ImageEntry> worker_entries(const WorkerParts& parts) {
  std::vector<ImageEntry> entries{folder("gg"), folder("gg/bin"), folder("gg/lib")};
  entries.push_back(file("gg/bin/gg-worker", without_sections(base::read_file(parts.program)), 0755));
  entries.push_back(file("gg/ca.pem", base::read_file(parts.authorities)));
  std::set<std::string> names;
  for (const std::string& library : parts.libraries) {
    const std::string name = base_name(library);
    if (!names.insert(name).second) {
      throw base::OperatorError("two libraries that gg-worker needs are called '" + base::printable(name) +
                                "', one is '" + base::printable(library) + "'");
    }
    entries.push_back(file("gg/lib/" + name, base::read_file(library), 0755));
  }
  return entries;
}

std::vector<ImageEntry> skeleton_entries(const WorkerParts& parts) {
  std::vector<ImageEntry> entries{folder("dev"), folder("etc"),        folder("proc"),          folder("sys"),
                                  folder("var"), folder("tmp", 01777), folder("var/tmp", 01777)};
  std::set<std::string> top(kUsual.begin(), kUsual.end());
  top.insert(parts.top.begin(), parts.top.end());
  for (const std::string& name : top) {
    if (!is_in(kReal, name) && !is_in(kLeftOut, name)) {
      entries.push_back({name, Kind::Symlink, 0777, std::string(kRoot) + "/" + name});
    }
  }
  entries.push_back(file(
      "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"));
  entries.push_back(file("etc/group", "root:x:0:\nnogroup:x:65534:\n"));
  entries.push_back(file("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"));
  entries.push_back(file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"));
  entries.push_back(file("etc/resolv.conf", ""));  // the functions' host lays its own over it
  std::set<std::string> etc(kUsualEtc.begin(), kUsualEtc.end());
  etc.insert(parts.etc.begin(), parts.etc.end());
  for (const std::string& name : etc) {
    if (!is_in(kRealEtc, name) && !is_in(kSecretEtc, name)) {
      entries.push_back({"etc/" + name, Kind::Symlink, 0777, std::string(kRoot) + "/etc/" + name});
    }
  }
  return entries;
}

Manifest make_worker_image(const WorkerParts& parts, const std::string& folder, const std::string& tag) {
  const std::string loader = "/gg/lib/" + base_name(parts.loader);
  ImageConfig config;
  config.architecture = architecture_of(parts.program);
  config.entrypoint = {loader,    "--library-path", "/gg/lib", "/gg/bin/gg-worker",
                       "--cache", "/tmp/gg-cache",  "--ca",    "/gg/ca.pem"};
  config.command = {"--cache-size",
                    "256M"};  // what fits into a function's /tmp; `gg cloud up` says the real figure
  ImageWriter writer(folder);
  const Layer worker = writer.add_layer(worker_entries(parts));
  const Layer skeleton = writer.add_layer(skeleton_entries(parts));
  return writer.finish(config, {worker, skeleton}, tag);
}

}  // namespace cloud
