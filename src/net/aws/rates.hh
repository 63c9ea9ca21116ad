#pragma once

#include <cstdint>

// What AWS asks for, in US dollars, in us-east-1; most regions are the same or up to a third dearer, and no
// free tier or contract is taken off. List prices as they were known in November 2026, not read off AWS's own
// pages: what is made of them is an estimate.
namespace net::aws::rates {

inline constexpr const char* kDate = "2026-11";

inline constexpr double kGbSecondX86 =
    0.0000166667;  // of a function's memory while it runs, to the millisecond
inline constexpr double kGbSecondArm = 0.0000133334;
inline constexpr double kInvocation = 0.20 / 1e6;
inline constexpr double kDiskGbSecond = 0.0000000309;  // of /tmp above half a GB
inline constexpr double kPut = 0.005 / 1000;           // S3: PUT, POST, LIST
inline constexpr double kGet = 0.0004 / 1000;
inline constexpr double kBucketGbMonth = 0.023;
inline constexpr double kImageGbMonth = 0.10;
inline constexpr double kLogGb = 0.50;  // written
inline constexpr double kOutGb = 0.09;  // to the Internet

}  // namespace net::aws::rates
