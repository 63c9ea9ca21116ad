#include "cloud/libarchive.hh"

#include "base/errors.hh"

#include <dlfcn.h>

#include <string>

namespace cloud {

namespace {

[[noreturn]] void missing() {
  const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): one for each thread in glibc
  throw base::OperatorError("making an image needs libarchive (Debian: apt-get install libarchive13): " +
                            std::string(why != nullptr ? why : "it cannot be loaded"));
}

LibArchive load() {
  void* library = ::dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    missing();
  }
  const auto find = [library](const char* name, auto& function) {
    void* symbol = ::dlsym(library, name);
    if (symbol == nullptr) {
      missing();
    }
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
  };
  LibArchive found{};
  find("archive_write_new", found.write_new);
  find("archive_write_free", found.write_free);
  find("archive_write_set_format_pax_restricted", found.set_format_pax_restricted);
  find("archive_write_set_format_raw", found.set_format_raw);
  find("archive_write_add_filter_gzip", found.add_filter_gzip);
  find("archive_write_set_options", found.set_options);
  find("archive_write_set_bytes_in_last_block", found.set_bytes_in_last_block);
  find("archive_write_open", found.open);
  find("archive_write_header", found.write_header);
  find("archive_write_data", found.write_data);
  find("archive_write_close", found.close);
  find("archive_error_string", found.error_string);
  find("archive_entry_new", found.entry_new);
  find("archive_entry_free", found.entry_free);
  find("archive_entry_set_pathname", found.set_pathname);
  find("archive_entry_set_symlink", found.set_symlink);
  find("archive_entry_set_filetype", found.set_filetype);
  find("archive_entry_set_perm", found.set_perm);
  find("archive_entry_set_size", found.set_size);
  find("archive_entry_set_mtime", found.set_mtime);
  return found;
}

}  // namespace

const LibArchive& libarchive() {
  static const LibArchive loaded = load();
  return loaded;
}

}  // namespace cloud
