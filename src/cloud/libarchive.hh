#pragma once

#include <archive.h>
#include <archive_entry.h>

namespace cloud {

// libarchive's functions, loaded at their first use, as libcurl's are: of all commands one writes archives,
// and the library brings a dozen others along, which each start of the program would pay for.
struct LibArchive {
  decltype(&::archive_write_new) write_new;
  decltype(&::archive_write_free) write_free;
  decltype(&::archive_write_set_format_pax_restricted) set_format_pax_restricted;
  decltype(&::archive_write_set_format_raw) set_format_raw;
  decltype(&::archive_write_add_filter_gzip) add_filter_gzip;
  decltype(&::archive_write_set_options) set_options;
  decltype(&::archive_write_set_bytes_in_last_block) set_bytes_in_last_block;
  decltype(&::archive_write_open) open;
  decltype(&::archive_write_header) write_header;
  decltype(&::archive_write_data) write_data;
  decltype(&::archive_write_close) close;
  decltype(&::archive_error_string) error_string;
  decltype(&::archive_entry_new) entry_new;
  decltype(&::archive_entry_free) entry_free;
  decltype(&::archive_entry_set_pathname) set_pathname;
  decltype(&::archive_entry_set_symlink) set_symlink;
  decltype(&::archive_entry_set_filetype) set_filetype;
  decltype(&::archive_entry_set_perm) set_perm;
  decltype(&::archive_entry_set_size) set_size;
  decltype(&::archive_entry_set_mtime) set_mtime;
};

// Throws base::OperatorError where the library is not installed. Any thread.
[[nodiscard]] const LibArchive& libarchive();

}  // namespace cloud
