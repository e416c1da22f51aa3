#include "common/observe/trace.h"

#include <gtest/gtest.h>

namespace sqm::observe {
namespace {

// The example of the recommendation.
constexpr char kExample[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Trace, ReadsTheExampleAndWritesItBack) {
  const auto trace = ParseTrace(kExample, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->TraceId(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(trace->SpanId(), "b7ad6b7169203331");
  EXPECT_TRUE(trace->sampled);
  EXPECT_EQ(trace->tracestate, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(trace->Traceparent(), kExample);
}

TEST(Trace, RefusesWhatIsMalformed) {
  for (const char* header : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
           " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
       }) {
    EXPECT_FALSE(ParseTrace(header).has_value()) << header;
  }
}

TEST(Trace, ReadsAFutureVersionByItsFirstFieldsAndAnswersInVersion00) {
  const auto trace =
      ParseTrace("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-what-the-future-says");
  ASSERT_TRUE(trace.has_value());
  EXPECT_TRUE(trace->sampled);
  EXPECT_EQ(trace->Traceparent(), kExample);
  EXPECT_TRUE(ParseTrace("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02").has_value());
}

TEST(Trace, FlagsThatThisVersionDoesNotKnowAreNotHandedOn) {
  const auto trace = ParseTrace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe");
  ASSERT_TRUE(trace.has_value());
  EXPECT_FALSE(trace->sampled);
  EXPECT_EQ(trace->Traceparent().substr(53), "00");
}

TEST(Trace, DropsAMalformedTracestateButKeepsTheTrace) {
  const std::string many = [] {
    std::string all = "a0=1";
    for (int i = 1; i < 33; ++i) all += ",a" + std::to_string(i) + "=1";
    return all;
  }();
  for (const std::string& state :
       {std::string("no-equals"), std::string("Upper=1"), std::string("a=b=c"),
        std::string("a=\r\nset-cookie: x"), std::string("@a=1"), std::string("a="), many,
        "a=" + std::string(600, 'x')}) {
    const auto trace = ParseTrace(kExample, state);
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->tracestate, "") << state;
  }
  EXPECT_EQ(ParseTrace(kExample, "fw529a3039@dt=FfYT , ,b=2")->tracestate,
            "fw529a3039@dt=FfYT , ,b=2");
}

TEST(Trace, AChildStaysInTheTraceUnderASpanOfItsOwn) {
  SequenceIds ids;
  const TraceContext root = NewTrace(ids, true);
  EXPECT_NE(root.span_id, 0u);
  const auto received = ParseTrace(root.Traceparent());
  ASSERT_TRUE(received.has_value());
  const TraceContext child = ChildOf(*received, ids);
  EXPECT_EQ(child.TraceId(), root.TraceId());
  EXPECT_NE(child.SpanId(), root.SpanId());
  EXPECT_TRUE(child.sampled);
}

}  // namespace
}  // namespace sqm::observe
