#include "cloud/worker_image.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/subprocess.hh"
#include "base/unique_fd.hh"

#include <elf.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

namespace cloud {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorker = "gg/bin/gg-worker";
constexpr std::chrono::minutes kPatience{2};

ImageEntry entry_for(const fs::directory_entry& found, const std::string& path) {
  ImageEntry entry;
  entry.path = path;
  entry.mode = static_cast<unsigned>(found.symlink_status().permissions());
  if (found.is_symlink()) {
    entry.kind = ImageEntry::Kind::Symlink;
    entry.text = fs::read_symlink(found.path()).string();
  } else if (found.is_directory()) {
    entry.kind = ImageEntry::Kind::Directory;
  } else {
    entry.kind = ImageEntry::Kind::File;
    entry.text = base::read_file(found.path().string());
  }
  return entry;
}

std::vector<std::string> words_in(const std::string& text) {
  const auto said = nlohmann::json::parse(text, nullptr, false);
  try {
    return said.get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

}  // namespace

WorkerRoot make_worker_root(const std::string& worker, const std::string& authorities,
                            const std::string& directory) {
  base::Subprocess making;
  making.program = worker;
  making.argv = {"gg-worker", "--make-root", directory};
  if (!authorities.empty()) {
    making.argv.insert(making.argv.end(), {"--ca", authorities});
  }
  making.timeout = kPatience;
  const base::Completed made = base::run(making);
  WorkerRoot root{directory, words_in(made.out)};
  if (made.exit_code != 0 || root.start.empty()) {
    throw base::OperatorError(
        "'" + base::printable(worker) + "' made no root for the worker's image: " +
        base::printable(made.err.empty() ? "it says no word of how to start there" : made.err));
  }
  return root;
}

std::string architecture_of(const std::string& program) {
  const base::UniqueFd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw base::SyscallError("open", program);
  }
  Elf64_Ehdr header{};
  const std::span<char> room(reinterpret_cast<char*>(&header), sizeof header);
  if (base::read_some(file.get(), room, program) < sizeof header ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    throw base::OperatorError("'" + program + "' is no program: an image needs a gg-worker");
  }
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

Manifest make_worker_image(const WorkerRoot& root, const std::string& folder, const std::string& tag) {
  ImageConfig config;
  config.architecture = architecture_of(root.directory + "/" + std::string(kWorker));
  config.entrypoint = root.start;
  config.entrypoint.insert(config.entrypoint.end(), {"--cache", "/tmp/gg-cache"});
  // What fits into a function's /tmp; `gg cloud up` says the real figure.
  config.command = {"--cache-size", "256M"};
  std::vector<ImageEntry> worker;
  std::vector<ImageEntry> rest;
  for (const fs::directory_entry& found : fs::recursive_directory_iterator(root.directory)) {
    const std::string path = found.path().string().substr(root.directory.size() + 1);
    ImageEntry entry = entry_for(found, path);
    if (path == kWorker) {
      entry.text = without_sections(std::move(entry.text));
    }
    (path == "gg" || path.starts_with("gg/") ? worker : rest).push_back(std::move(entry));
  }
  ImageWriter writer(folder);
  const Layer lower = writer.add_layer(std::move(worker));
  const Layer upper = writer.add_layer(std::move(rest));
  return writer.finish(config, {lower, upper}, tag);
}

}  // namespace cloud
