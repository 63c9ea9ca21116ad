#include "net/libcurl.hh"

#include "base/errors.hh"
#include "base/shared_library.hh"

#include <string>

namespace net {

namespace {

LibCurl load() {
  const base::SharedLibrary library("libcurl.so.4", "HTTP needs libcurl (Debian: apt-get install libcurl4)");
  LibCurl curl{};
  library.find("curl_easy_init", curl.init);
  library.find("curl_easy_cleanup", curl.cleanup);
  library.find("curl_easy_reset", curl.reset);
  library.find("curl_easy_setopt", curl.setopt);
  library.find("curl_easy_perform", curl.perform);
  library.find("curl_easy_getinfo", curl.getinfo);
  library.find("curl_easy_strerror", curl.strerror);
  library.find("curl_slist_append", curl.append);
  library.find("curl_slist_free_all", curl.free_all);
  library.find("curl_multi_init", curl.multi_init);
  library.find("curl_multi_cleanup", curl.multi_cleanup);
  library.find("curl_multi_setopt", curl.multi_setopt);
  library.find("curl_multi_add_handle", curl.multi_add);
  library.find("curl_multi_remove_handle", curl.multi_remove);
  library.find("curl_multi_socket_action", curl.multi_socket_action);
  library.find("curl_multi_info_read", curl.multi_info_read);
  decltype(&::curl_global_init) global_init = nullptr;
  library.find("curl_global_init", global_init);
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
