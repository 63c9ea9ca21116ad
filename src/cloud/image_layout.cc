#include "cloud/image_layout.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"
#include "object/hash.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "cloud/libarchive.hh"

namespace cloud {

namespace {

constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kBeginning = "1970-01-01T00:00:00Z";

using Take = std::function<void(std::string_view)>;

struct FreeEntry {
  void operator()(archive_entry* entry) const { libarchive().entry_free(entry); }
};

// One of libarchive's writers; what comes out goes to `take`.
class Writer {
 public:
  explicit Writer(Take take) : take_(std::move(take)), archive_(libarchive().write_new()) {}

  ~Writer() { libarchive().write_free(archive_); }

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void be_tar() {
    check(libarchive().set_format_pax_restricted(archive_));  // ustar wherever that can say it
    begin();
  }

  void be_gzip() {
    check(libarchive().set_format_raw(archive_));
    check(libarchive().add_filter_gzip(archive_));
    check(libarchive().set_options(archive_, "gzip:!timestamp"));
    begin();
    const std::unique_ptr<archive_entry, FreeEntry> entry(libarchive().entry_new());
    libarchive().set_filetype(entry.get(), AE_IFREG);
    check(libarchive().write_header(archive_, entry.get()));
  }

  void write(const ImageEntry& from) {
    const bool is_file = from.kind == ImageEntry::Kind::File;
    const std::unique_ptr<archive_entry, FreeEntry> entry(libarchive().entry_new());
    libarchive().set_pathname(entry.get(), from.path.c_str());
    libarchive().set_perm(entry.get(), static_cast<mode_t>(from.mode));
    libarchive().set_mtime(entry.get(), 0, 0);
    libarchive().set_size(entry.get(), is_file ? static_cast<int64_t>(from.text.size()) : 0);
    libarchive().set_filetype(entry.get(), is_file                                    ? AE_IFREG
                                           : from.kind == ImageEntry::Kind::Directory ? AE_IFDIR
                                                                                      : AE_IFLNK);
    if (from.kind == ImageEntry::Kind::Symlink) {
      libarchive().set_symlink(entry.get(), from.text.c_str());
    }
    check(libarchive().write_header(archive_, entry.get()));
    if (is_file) {
      write(from.text);
    }
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const la_ssize_t written = libarchive().write_data(archive_, bytes.data(), bytes.size());
      if (written <= 0) {
        fail();
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

  void close() { check(libarchive().close(archive_)); }

 private:
  void begin() {
    check(libarchive().set_bytes_in_last_block(archive_, 1));
    check(libarchive().open(archive_, this, nullptr, &Writer::give, nullptr));
  }

  static la_ssize_t give(archive* /*unused*/, void* context, const void* bytes, size_t count) {
    auto& self = *static_cast<Writer*>(context);
    try {
      self.take_({static_cast<const char*>(bytes), count});
      return static_cast<la_ssize_t>(count);
    } catch (...) {  // not through libarchive's frames
      self.thrown_ = std::current_exception();
      return -1;
    }
  }

  void check(int result) const {
    if (result < ARCHIVE_WARN) {
      fail();
    }
  }

  [[noreturn]] void fail() const {
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
    const char* why = libarchive().error_string(archive_);
    throw base::OperatorError("cannot write a layer of the image: " +
                              std::string(why != nullptr ? why : "libarchive does not say why"));
  }

  Take take_;
  archive* archive_;
  std::exception_ptr thrown_;
};

std::string name_of(const object::Digest& digest) {
  return "sha256:" + digest.hex();
}

nlohmann::json descriptor(const char* type, const Blob& blob) {
  return {{"mediaType", type}, {"digest", blob.digest}, {"size", blob.bytes}};
}

}  // namespace

std::string blob_path(const std::string& folder, const std::string& digest) {
  std::string path = digest;
  std::replace(path.begin(), path.end(), ':', '/');
  return folder + "/blobs/" + path;
}

ImageWriter::ImageWriter(std::string folder) : folder_(std::move(folder)) {
  base::make_directories(folder_ + "/blobs/sha256");
}

Layer ImageWriter::add_layer(std::vector<ImageEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const ImageEntry& a, const ImageEntry& b) { return a.path < b.path; });
  const std::string draft = folder_ + "/layer";
  const base::UniqueFd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) {
    throw base::SyscallError("open", draft);
  }
  object::Hasher compressed;
  object::Hasher plain;
  Writer gzip([&](std::string_view bytes) {
    compressed.add(bytes);
    base::write_all(file.get(), bytes, draft);
  });
  gzip.be_gzip();
  Writer tar([&](std::string_view bytes) {
    plain.add(bytes);
    gzip.write(bytes);
  });
  tar.be_tar();
  for (const ImageEntry& entry : entries) {
    tar.write(entry);
  }
  tar.close();
  gzip.close();
  const object::Digest digest = compressed.take();
  const Layer layer{{name_of(digest), digest.size()}, name_of(plain.take())};
  const std::string path = blob_path(folder_, layer.blob.digest);
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    throw base::SyscallError("rename", path);
  }
  return layer;
}

Blob ImageWriter::add(std::string_view bytes) {
  const Blob blob{name_of(object::hash(bytes)), bytes.size()};
  base::write_file_atomically(blob_path(folder_, blob.digest), bytes);
  return blob;
}

Manifest ImageWriter::finish(const ImageConfig& config, const std::vector<Layer>& layers,
                             const std::string& tag) {
  Manifest manifest;
  nlohmann::json diff_ids = nlohmann::json::array();
  nlohmann::json history = nlohmann::json::array();
  nlohmann::json blobs = nlohmann::json::array();
  for (const Layer& layer : layers) {
    diff_ids.push_back(layer.diff_id);
    history.push_back({{"created", kBeginning}, {"created_by", "gg cloud"}});
    blobs.push_back(descriptor(kLayerType, layer.blob));
    manifest.layers.push_back(layer.blob);
  }
  const nlohmann::json runs{
      {"Entrypoint", config.entrypoint}, {"Cmd", config.command}, {"WorkingDir", config.working_directory}};
  manifest.config = add(nlohmann::json{
      {"architecture", config.architecture},
      {"os", "linux"},
      {"created", kBeginning},
      {"config", runs},
      {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}},
      {"history", history}}.dump());
  manifest.itself = add(nlohmann::json{
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config", descriptor(kConfigType, manifest.config)},
      {"layers", blobs}}.dump());
  nlohmann::json entry = descriptor(std::string(kManifestType).c_str(), manifest.itself);
  entry["annotations"] = {{"org.opencontainers.image.ref.name", tag}};
  base::write_file_atomically(folder_ + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  base::write_file_atomically(
      folder_ + "/index.json",
      nlohmann::json{{"schemaVersion", 2}, {"manifests", nlohmann::json::array({entry})}}.dump());
  return manifest;
}

}  // namespace cloud
