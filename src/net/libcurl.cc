#include "net/libcurl.hh"

#include "base/errors.hh"

#include <dlfcn.h>

#include <string>

namespace net {

namespace {

[[noreturn]] void missing() {
  const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): one for each thread in glibc
  throw base::OperatorError("HTTP needs libcurl (Debian: apt-get install libcurl4): " +
                            std::string(why != nullptr ? why : "it cannot be loaded"));
}

template <class F>
void find(void* library, const char* name, F& function) {
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr) {
    missing();
  }
  function = reinterpret_cast<F>(symbol);
}

LibCurl load() {
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    missing();
  }
  LibCurl curl{};
  find(library, "curl_easy_init", curl.init);
  find(library, "curl_easy_cleanup", curl.cleanup);
  find(library, "curl_easy_reset", curl.reset);
  find(library, "curl_easy_setopt", curl.setopt);
  find(library, "curl_easy_perform", curl.perform);
  find(library, "curl_easy_getinfo", curl.getinfo);
  find(library, "curl_easy_strerror", curl.strerror);
  find(library, "curl_slist_append", curl.append);
  find(library, "curl_slist_free_all", curl.free_all);
  find(library, "curl_multi_init", curl.multi_init);
  find(library, "curl_multi_cleanup", curl.multi_cleanup);
  find(library, "curl_multi_setopt", curl.multi_setopt);
  find(library, "curl_multi_add_handle", curl.multi_add);
  find(library, "curl_multi_remove_handle", curl.multi_remove);
  find(library, "curl_multi_socket_action", curl.multi_socket_action);
  find(library, "curl_multi_info_read", curl.multi_info_read);
  decltype(&::curl_global_init) global_init = nullptr;
  find(library, "curl_global_init", global_init);
  if (const CURLcode code = global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
    throw base::OperatorError("libcurl does not start: " + std::string(curl.strerror(code)));
  }
  return curl;
}

}  // namespace

const LibCurl& libcurl() {
  static const LibCurl curl = load();
  return curl;
}

}  // namespace net
