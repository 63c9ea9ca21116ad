#pragma once

#include "base/result.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A container image as a folder (OCI Image Format Specification 1.0, "Image Layout").
namespace cloud {

struct ImageEntry {
  enum class Kind { Directory, File, Symlink };

  std::string path;  // without a slash before it
  Kind kind = Kind::Directory;
  unsigned mode = 0755;
  std::string text;  // a file's bytes; a symlink's target
};

// What a manifest says of a blob.
struct Blob {
  std::string digest;  // "sha256:…"
  uint64_t bytes = 0;

  bool operator==(const Blob&) const = default;
};

struct Layer {
  Blob blob;
  std::string diff_id;  // "sha256:…" of what it holds before it is compressed
};

// What runs, and on what.
struct ImageConfig {
  std::string architecture;             // "amd64", "arm64"
  std::vector<std::string> entrypoint;  // what `command` is appended to
  std::vector<std::string> command;
  std::string working_directory = "/";
};

struct Manifest {
  Blob itself;
  Blob config;
  std::vector<Blob> layers;
};

// Writes one into a folder, which is there and empty. The same entries make the same bytes: they are sorted,
// belong to root, and are all of 1970. Throws base::SyscallError, or base::OperatorError where libarchive is
// missing or fails.
class ImageWriter {
 public:
  explicit ImageWriter(std::string folder);

  [[nodiscard]] Layer add_layer(std::vector<ImageEntry> entries);

  // The first layer lies below all. `tag`: the image's name in the folder's index.
  Manifest finish(const ImageConfig& config, const std::vector<Layer>& layers, const std::string& tag);

 private:
  Blob add(std::string_view bytes);

  std::string folder_;
};

// Where a blob is.
[[nodiscard]] std::string blob_path(const std::string& folder, const std::string& digest);

inline constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";

}  // namespace cloud
