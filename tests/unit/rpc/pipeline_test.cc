// What the pipeline answers over a store that is behind, or that fails.
#include "tests/unit/rpc/pipeline_world.h"

namespace sqm::rpc {
namespace {

constexpr int64_t kElsewhere = 1000;  // a position that is not here

TEST_F(PipelineTest, WhatNobodyElseWritesIsNotWaitedFor) {
  Open();
  store_->replica = false;
  const absl::Status status = Get(kElsewhere);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(MetadataOf(status, "position"), "1000");
  EXPECT_LE(store_->looks, 2);
  EXPECT_TRUE(Get(1).ok());
}

// A database that was restored counts anew: what was seen before is not coming.
TEST_F(PipelineTest, APositionOfAnotherHistoryIsNotWaitedFor) {
  Open();
  std::string history;
  ASSERT_TRUE(Get(0, &history).ok());
  ASSERT_EQ(history.size(), 32u);
  const int looks = store_->looks;
  std::string before(32, 'a');
  EXPECT_TRUE(Get(kElsewhere, &before).ok());
  EXPECT_EQ(store_->looks, looks);
  EXPECT_EQ(before, history);
  EXPECT_EQ(Get(kElsewhere, &history).code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(store_->looks, looks);
}

TEST_F(PipelineTest, WhoWaitsForAPositionKeepsNobodyOut) {
  PipelineLimits limits;
  limits.reads = {.least = 1, .most = 1};
  Open(limits);
  std::vector<std::future<absl::Status>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(GetLater(kElsewhere));
  EXPECT_TRUE(Get().ok());
  EXPECT_GT(pipeline_->waiting(), 0);
  for (auto& call : waiting) EXPECT_EQ(call.get().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Becomes([&] { return Idle(); }));
  // What arrives meanwhile is answered, and its place given back.
  std::future<absl::Status> arriving = GetLater(kElsewhere);
  store_->arrived = kElsewhere;
  EXPECT_TRUE(arriving.get().ok());
  EXPECT_TRUE(Becomes([&] { return Idle(); }));
  EXPECT_TRUE(Get().ok());
}

TEST_F(PipelineTest, WaitingForAPositionIsNoSignOfOverload) {
  PipelineLimits limits;
  limits.reads = {.least = 1, .most = 1000};
  Open(limits);
  for (int round = 0; round < 4; ++round) {
    std::vector<std::future<absl::Status>> waiting;
    for (int i = 0; i < 8; ++i) {
      waiting.push_back(
          std::async(std::launch::async, [this, round] { return Get(kElsewhere * (round + 1)); }));
    }
    // The last round's arrive.
    if (round == 3) store_->arrived = kElsewhere * 4;
    for (auto& call : waiting) EXPECT_EQ(call.get().ok(), round == 3);
  }
  EXPECT_TRUE(Get().ok());
  EXPECT_EQ(pipeline_->reads().limit(), 1000);
}

TEST_F(PipelineTest, OnlySoManyWaitForAPosition) {
  PipelineLimits limits;
  limits.waiting = 1;
  Open(limits);
  std::future<absl::Status> waiting = GetLater(kElsewhere);
  const absl::Time began = absl::Now();
  EXPECT_EQ(Get(kElsewhere).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - began, absl::Milliseconds(300));
  EXPECT_EQ(waiting.get().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(pipeline_->waiting(), 0);
}

// The caller may try again; what is wrong stands in the log.
TEST_F(PipelineTest, WhereTheDatabaseIsStaysInside) {
  Open();
  store_->away = true;
  const sqm::testing::LogLines lines;
  v1::ListContactsResponse found;
  auto context = Context();
  const absl::Status status =
      FromGrpc(stub_->ListContacts(context.get(), v1::ListContactsRequest(), &found));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAVAILABLE);
  EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
  EXPECT_EQ(status.ToString().find("10.0.0.5"), std::string::npos) << status;
  const std::string id = MetadataOf(status, "error_id");
  EXPECT_EQ(id.size(), 26u) << status;
  EXPECT_THAT(lines.text(), HasSubstr(id));
  EXPECT_THAT(lines.text(), HasSubstr("10.0.0.5"));
}

TEST_F(PipelineTest, AListThatItsCallerGivesUpIsGivenUp) {
  Open();
  auto context = Context();
  std::atomic<bool> gone{false};
  store_->on_list = [&](const store::ListQuery& query) -> Task<void> {
    co_await executor_.Hop();  // before that the call is not gRPC's yet, and nothing is told of it
    EXPECT_TRUE(query.abandoned != nullptr);
    if (!query.abandoned) co_return;
    EXPECT_FALSE(query.abandoned());
    context->TryCancel();
    gone = Becomes([&] { return query.abandoned(); });
  };
  v1::ListContactsResponse found;
  const grpc::Status status = stub_->ListContacts(context.get(), v1::ListContactsRequest(), &found);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Becomes([&] { return gone.load(); }));
}

TEST_F(PipelineTest, AListThatGoesAsideKeepsNobodyOut) {
  PipelineLimits limits;
  limits.reads = {.least = 1, .most = 1};
  Open(limits);
  std::atomic<int> before{-1}, aside{-1};
  store_->on_list = [&](const store::ListQuery& query) -> Task<void> {
    co_await executor_.Hop();
    before = pipeline_->reads().in_progress();
    query.goes_aside();
    query.goes_aside();  // it had no other place to give back
    aside = pipeline_->reads().in_progress();
  };
  v1::ListContactsResponse found;
  auto context = Context();
  const grpc::Status status = stub_->ListContacts(context.get(), v1::ListContactsRequest(), &found);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(before, 1);
  EXPECT_EQ(aside, 0);
  EXPECT_TRUE(Becomes([&] { return Idle(); }));
  EXPECT_TRUE(Get().ok());
}

}  // namespace
}  // namespace sqm::rpc
