// What the pipeline answers to the rows of a batch and of an import.
#include "tests/unit/rpc/pipeline_world.h"

namespace sqm::rpc {
namespace {

TEST_F(PipelineTest, ElementsThatFailHaveAnErrorIdThatTheLogKnows) {
  Open();
  store_->fails = true;
  const sqm::testing::LogLines lines;
  const v1::Contact contact = Row();
  v1::BatchCreateContactsRequest request;
  request.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  *request.add_requests()->mutable_contact() = contact;
  v1::BatchCreateContactsResponse response;
  auto context = Context();
  const grpc::Status called = stub_->BatchCreateContacts(context.get(), request, &response);

  v1::ImportContactsRequest rows;
  *rows.add_contacts() = contact;
  v1::ImportContactsResponse answer;
  auto streaming = Context();
  auto stream = stub_->ImportContacts(streaming.get());
  const bool answered = stream->Write(rows) && stream->Read(&answer);
  stream->WritesDone();
  stream->Finish();

  ASSERT_TRUE(called.ok()) << called.error_message();
  ASSERT_EQ(response.results_size(), 1);
  ExpectHidden(response.results(0).status(), lines.text());
  ASSERT_TRUE(answered);
  ASSERT_EQ(answer.failures_size(), 1);
  ExpectHidden(answer.failures(0).status(), lines.text());
}

// Before it is looked up, and between that and its being read.
TEST_F(PipelineTest, ARowWhoseResourceIsDeletedMeanwhileIsToBeSentAgain) {
  Open();
  for (std::function<void()> LaggingStore::*moment :
       {&LaggingStore::before_find, &LaggingStore::after_find}) {
    EXPECT_THAT(Import().outcomes(), ::testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED));
    store_.get()->*moment = [this] { DeleteRow(); };
    const v1::ImportContactsResponse answer = Import();
    store_.get()->*moment = nullptr;
    ASSERT_EQ(answer.failures_size(), 1);
    const absl::Status status = FromWire(answer.failures(0).status());
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_CONFLICT);
    EXPECT_THAT(std::string(status.message()), HasSubstr("send the row again"));
    EXPECT_THAT(Import().outcomes(), ::testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED));
    DeleteRow();
  }
}

// As when the case that a row repeats is worked on at the same moment.
TEST_F(PipelineTest, ANewRowThatRestsOnWhatWasChangedMeanwhileIsStoredAllTheSame) {
  Open();
  store_->conflicts = 3;
  v1::ImportContactsResponse answer = Import();
  EXPECT_THAT(answer.outcomes(), ::testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED))
      << answer.ShortDebugString();
  EXPECT_EQ(store_->conflicts, 0);
  DeleteRow();
  // Not without end.
  store_->conflicts = 1000;
  answer = Import();
  ASSERT_EQ(answer.failures_size(), 1);
  EXPECT_EQ(ReasonOf(FromWire(answer.failures(0).status())), type::v1::ERROR_REASON_CONFLICT);
  EXPECT_GT(store_->conflicts, 0);
}

// With the leeway of 30 s that a token has everywhere.
TEST_F(PipelineTest, AnImportEndsWithItsToken) {
  Open();
  auto context = Context();
  auto stream = stub_->ImportContacts(context.get());
  const auto send = [&](const std::string& id) {
    v1::ImportContactsRequest rows;
    *rows.add_contacts() = Row();
    rows.mutable_contacts(0)->set_external_id(id);
    v1::ImportContactsResponse answer;
    return stream->Write(rows) && stream->Read(&answer) && answer.failures().empty();
  };
  EXPECT_TRUE(send("a"));
  clock_.Advance(absl::Hours(1) + absl::Seconds(25));
  EXPECT_TRUE(send("b"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_FALSE(send("c"));
  const absl::Status status = FromGrpc(stream->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAUTHENTICATED);
  v1::ListContactsRequest all;
  v1::ListContactsResponse found;
  auto listing = Context();
  EXPECT_TRUE(stub_->ListContacts(listing.get(), all, &found).ok());
  std::vector<std::string> ids;
  for (const v1::Contact& contact : found.contacts()) ids.push_back(contact.external_id());
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre("", "a", "b"));
}

TEST_F(PipelineTest, AnImportEndsWithTheKeyOfItsToken) {
  Open();
  auto context = Context();
  auto stream = stub_->ImportContacts(context.get());
  v1::ImportContactsRequest rows;
  *rows.add_contacts() = Row();
  v1::ImportContactsResponse answer;
  EXPECT_TRUE(stream->Write(rows) && stream->Read(&answer));
  const auto other = auth::Issuer::Generate(auth::Algorithm::kEs256, {});
  ASSERT_TRUE(other.ok()) << other.status();
  SetKeys(**other);
  ASSERT_TRUE(keys_->Refresh(clock_.Now() + absl::Minutes(1)).ok());
  EXPECT_FALSE(stream->Write(rows) && stream->Read(&answer));
  const absl::Status status = FromGrpc(stream->Finish());
  EXPECT_EQ(ReasonOf(status), type::v1::ERROR_REASON_UNAUTHENTICATED) << status;
}

}  // namespace
}  // namespace sqm::rpc
