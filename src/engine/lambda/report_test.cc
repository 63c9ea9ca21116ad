#include "engine/lambda/report.hh"

#include "net/texts.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

using std::chrono::milliseconds;

// As in the Lambda Developer Guide.
constexpr const char* kLog =
    "START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: $LATEST\n"
    "worker said something\n"
    "END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\n"
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 128.83 ms\tBilled Duration: 314 ms\t"
    "Memory Size: 1769 MB\tMax Memory Used: 74 MB\tInit Duration: 184.22 ms\t\n"
    "XRAY TraceId: 1-5e34a66a-474xmpl7c2534a87870b4370\tSegmentId: 073cxmpl3e442861\tSampled: true\n";

TEST(InvocationReport, is_read_from_the_log_s_tail) {
  EXPECT_EQ(report_in(net::to_base64(kLog)),
            (InvocationReport{milliseconds(314), 1769, 74, milliseconds(185)}));
}

TEST(InvocationReport, of_an_environment_that_was_there_has_no_start) {
  EXPECT_EQ(report_in(net::to_base64("REPORT RequestId: a\tDuration: 3.00 ms\tBilled Duration: 3 ms\t"
                                     "Memory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: timeout")),
            (InvocationReport{milliseconds(3), 128, 128, milliseconds(0)}));
}

TEST(InvocationReport, what_is_none_is_none) {
  for (const std::string log :
       {"", "REPORT RequestId: a", "REPORT RequestId: a\tBilled Duration: x ms\tMemory Size: 1 MB",
        "REPORT RequestId: a\tBilled Duration: -1 ms\tMemory Size: 1 MB",
        "REPORT RequestId: a\tBilled Duration: 1e300 ms\tMemory Size: 1 MB"}) {
    EXPECT_EQ(report_in(net::to_base64(log)), std::nullopt) << log;
  }
  EXPECT_EQ(report_in("no base64 at all!"), std::nullopt);
}

}  // namespace
}  // namespace engine
