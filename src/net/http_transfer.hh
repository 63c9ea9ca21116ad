#pragma once

#include "net/http.hh"
#include "net/libcurl.hh"

#include <array>
#include <memory>

namespace net {

// One request on its way through libcurl, whoever drives that: options, callbacks, and what came of it. Stays
// where it is, and outlives the transfer; handle, request and options outlive it.
class HttpTransfer {
 public:
  HttpTransfer(CURL* easy, const HttpRequest& request, const HttpOptions& options,
               const base::StillWanted& wanted);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // libcurl has ended it, with this code. Once.
  [[nodiscard]] base::Result<HttpResponse> outcome(CURLcode code);

  template <class T>
  void set(CURLoption option, T value) {
    libcurl().setopt(easy_, option, value);
  }

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { libcurl().free_all(list); }
  };

  void add_header(const std::string& line);
  void prepare(const HttpOptions& options);

  static size_t take_body(char* bytes, size_t one, size_t count, void* context);
  static size_t take_header(char* bytes, size_t one, size_t count, void* context);
  static size_t give_body(char* room, size_t one, size_t count, void* context);
  static int rewind_body(void* context, curl_off_t offset, int origin);
  static int glance(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  CURL* easy_;
  const HttpRequest& request_;
  base::StillWanted wanted_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> why_{};
  HttpResponse response_;
  size_t sent_ = 0;
  bool is_too_long_ = false;
  bool is_unwanted_ = false;
};

}  // namespace net
