#include "cloud/libarchive.hh"

#include "base/shared_library.hh"

namespace cloud {

namespace {

LibArchive load() {
  const base::SharedLibrary library(
      "libarchive.so.13", "making an image needs libarchive (Debian: apt-get install libarchive13)");
  LibArchive found{};
  library.find("archive_write_new", found.write_new);
  library.find("archive_write_free", found.write_free);
  library.find("archive_write_set_format_pax_restricted", found.set_format_pax_restricted);
  library.find("archive_write_set_format_raw", found.set_format_raw);
  library.find("archive_write_add_filter_gzip", found.add_filter_gzip);
  library.find("archive_write_set_options", found.set_options);
  library.find("archive_write_set_bytes_in_last_block", found.set_bytes_in_last_block);
  library.find("archive_write_open", found.open);
  library.find("archive_write_header", found.write_header);
  library.find("archive_write_data", found.write_data);
  library.find("archive_write_close", found.close);
  library.find("archive_error_string", found.error_string);
  library.find("archive_entry_new", found.entry_new);
  library.find("archive_entry_free", found.entry_free);
  library.find("archive_entry_set_pathname", found.set_pathname);
  library.find("archive_entry_set_symlink", found.set_symlink);
  library.find("archive_entry_set_filetype", found.set_filetype);
  library.find("archive_entry_set_perm", found.set_perm);
  library.find("archive_entry_set_size", found.set_size);
  library.find("archive_entry_set_mtime", found.set_mtime);
  return found;
}

}  // namespace

const LibArchive& libarchive() {
  static const LibArchive loaded = load();
  return loaded;
}

}  // namespace cloud
