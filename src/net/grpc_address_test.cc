#include "net/grpc_address.hh"

#include <gtest/gtest.h>

namespace net {
namespace {

TEST(GrpcAddress, schemes_say_whether_it_is_tls) {
  EXPECT_EQ(parse_grpc_address("reapi://build.example:8980"),
            (GrpcAddress{"build.example", 8980, Transport::Plain}));
  EXPECT_EQ(parse_grpc_address("grpc://127.0.0.1:1/"), (GrpcAddress{"127.0.0.1", 1, Transport::Plain}));
  EXPECT_EQ(parse_grpc_address("grpcs://build.example:443"),
            (GrpcAddress{"build.example", 443, Transport::Tls}));
  EXPECT_EQ(parse_grpc_address("reapis://[::1]:443"), (GrpcAddress{"::1", 443, Transport::Tls}));
}

TEST(GrpcAddress, a_target_has_brackets_around_colons) {
  EXPECT_EQ((GrpcAddress{"::1", 443, Transport::Tls}.target()), "[::1]:443");
  EXPECT_EQ((GrpcAddress{"build", 80, Transport::Plain}.target()), "build:80");
}

TEST(GrpcAddress, a_mistake_is_named) {
  const auto why = [](std::string_view text) {
    const auto parsed = parse_grpc_address(text);
    return parsed ? "taken" : parsed.error().message;
  };
  EXPECT_NE(why("http://build:80").find("scheme"), std::string::npos);
  EXPECT_NE(why("reapi://build").find("a host and a port"), std::string::npos);
  EXPECT_NE(why("reapi://:80").find("a host and a port"), std::string::npos);
  EXPECT_NE(why("reapi://build:0").find("port"), std::string::npos);
  EXPECT_NE(why("reapi://build:70000").find("port"), std::string::npos);
  EXPECT_NE(why("reapi://build:80x").find("port"), std::string::npos);
  EXPECT_NE(why("reapi://me@build:80").find("host"), std::string::npos);
  EXPECT_NE(why("reapi://::1:80").find("brackets"), std::string::npos);
  EXPECT_NE(why("reapi://[]:80").find("host"), std::string::npos);
}

TEST(GrpcAddress, only_this_machine_is_loopback) {
  EXPECT_TRUE((GrpcAddress{"127.0.0.2", 1, Transport::Plain}.is_loopback()));
  EXPECT_TRUE((GrpcAddress{"localhost", 1, Transport::Plain}.is_loopback()));
  EXPECT_FALSE((GrpcAddress{"10.0.0.1", 1, Transport::Plain}.is_loopback()));
}

TEST(GrpcAddress, has_a_uri_for_credential_helpers) {
  const auto uri = [](const char* text) { return parse_grpc_address(text)->uri(); };
  EXPECT_EQ(uri("grpcs://build.example:443"), "https://build.example/");
  EXPECT_EQ(uri("grpcs://[::1]:8980"), "https://[::1]:8980/");
  EXPECT_EQ(uri("reapi://127.0.0.1:8443"), "http://127.0.0.1:8443/");
}

}  // namespace
}  // namespace net
