// Streams: feeds from nowhere, imports with bad rows.
#include <absl/strings/str_cat.h>

#include "common/feed/resume_token.h"
#include "tests/integration/hostile.h"

namespace sqm::testing {
namespace {

namespace fv1 = feed::v1;

// How the stream ends, or OK once it gave a batch.
absl::Status Watch(Client& client, const fv1::WatchChangesRequest& request) {
  auto context = client.Context();
  auto stream = client.feed().WatchChanges(context.get(), request);
  fv1::ChangeBatch batch;
  if (stream->Read(&batch)) {
    context->TryCancel();
    while (stream->Read(&batch)) {
    }
    stream->Finish();
    return absl::OkStatus();
  }
  return rpc::FromGrpc(stream->Finish());
}

TEST_F(HostileTest, FeedsFromNowhere) {
  Store("feed-1");
  fv1::ListFeedsRequest list;
  list.set_service("monitoring");
  Client service(*server_, As(auth::Role::kService));
  auto feeds = service.Call(&fv1::FeedService::Stub::ListFeeds, list);
  ASSERT_TRUE(feeds.ok()) << feeds.status();
  ASSERT_EQ(feeds->feeds_size(), 1);
  const int64_t head = feeds->feeds(0).head();
  EXPECT_GE(head, 1);

  fv1::WatchChangesRequest request;
  request.set_service("monitoring");
  auto refused = [&](const Refusal& refusal) {
    ExpectRefused(
        As(auth::Role::kService), [&](Client& client) { return Watch(client, request); }, refusal);
  };
  const Refusal bad_token = {absl::StatusCode::kInvalidArgument,
                             type::v1::ERROR_REASON_INVALID_RESUME_TOKEN};
  const std::string good = feed::FormatResumeToken({feeds->epoch(), head}, "default");
  request.set_resume_token(good);
  EXPECT_TRUE(Watch(service, request).ok());
  for (const std::string& token :
       {std::string("x"), good.substr(0, good.size() - 1), good + "0",
        feed::FormatResumeToken({feeds->epoch(), head}, "other"),
        feed::FormatResumeToken({feeds->epoch(), head + 1000}, "default")}) {
    SCOPED_TRACE(token);
    request.set_resume_token(token);
    refused(bad_token);
  }
  request.set_resume_token(feed::FormatResumeToken({"01OTHEREPOCH", head}, "default"));
  refused({absl::StatusCode::kOutOfRange, type::v1::ERROR_REASON_HISTORY_LOST});
  request.set_resume_token(std::string(300, '1'));
  refused(Field("resume_token"));
  request.set_resume_token(good);
  request.set_include_snapshot(true);
  refused(Field("resume_token"));
  request.clear_resume_token();
  request.add_resource_types("monitoring/Contact");
  request.add_resource_types("monitoring/Unicorn");
  refused(Field("resource_types[1]"));
  request.clear_resource_types();
  request.set_service("payroll");
  refused(Field("service"));
  request.set_service("monitoring");
  ExpectRefused(As(auth::Role::kAgent), [&](Client& client) { return Watch(client, request); },
                {absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_PERMISSION_DENIED});
  ExpectRefused(As(auth::Role::kService),
                [&](Client& client) { return Watch(client.Set("authorization", ""), request); },
                {absl::StatusCode::kUnauthenticated, type::v1::ERROR_REASON_UNAUTHENTICATED});
}

TEST_F(HostileTest, ImportRowsAmongGoodOnes) {
  mv1::ImportContactsRequest batch;
  batch.set_sequence(7);
  for (int i = 0; i < 8; ++i) {
    *batch.add_contacts() = SampleContact(absl::StrCat("row-", i), "ann", i);
  }
  batch.mutable_contacts(1)->clear_channel();
  batch.mutable_contacts(3)->set_satisfaction(77);
  batch.mutable_contacts(4)->clear_external_id();
  batch.mutable_contacts(5)->set_answer_state(mv1::ANSWER_STATE_ABANDONED);
  batch.mutable_contacts(6)->set_external_id("row-0");  // with other content
  const std::map<int, std::string> fields = {
      {1, "channel"}, {3, "satisfaction"}, {4, "external_id"}, {5, "talk_duration"}};
  for (bool chinese : {false, true}) {
    Client client(*server_, As(auth::Role::kQaOfficer));
    client.Speak(chinese ? "zh" : "en");
    auto responses = Import(client, {batch});
    ASSERT_TRUE(responses.ok()) << responses.status();
    ASSERT_EQ(responses->size(), 1u);
    const mv1::ImportContactsResponse& response = responses->front();
    EXPECT_EQ(response.sequence(), 7);
    ASSERT_EQ(response.outcomes_size(), 8);
    const auto good = chinese ? mv1::IMPORT_OUTCOME_UNCHANGED : mv1::IMPORT_OUTCOME_CREATED;
    for (int i : {0, 2, 7}) EXPECT_EQ(response.outcomes(i), good) << i;
    ASSERT_EQ(response.failures_size(), 5) << response.ShortDebugString();
    std::map<int, const mv1::ImportFailure*> failures;
    for (const auto& failure : response.failures()) failures[failure.index()] = &failure;
    for (const auto& [index, field] : fields) {
      ASSERT_EQ(failures.count(index), 1u) << index;
      EXPECT_EQ(response.outcomes(index), mv1::IMPORT_OUTCOME_FAILED);
      EXPECT_EQ(failures[index]->external_id(), batch.contacts(index).external_id());
      EXPECT_TRUE(IsRefused(rpc::FromWire(failures[index]->status()), Field(field), chinese));
    }
    ASSERT_EQ(failures.count(6), 1u);
    EXPECT_TRUE(IsRefused(rpc::FromWire(failures[6]->status()),
                          {absl::StatusCode::kAlreadyExists, type::v1::ERROR_REASON_ALREADY_EXISTS},
                          chinese));
    // Failures come by rising index.
    for (int i = 1; i < response.failures_size(); ++i) {
      EXPECT_LT(response.failures(i - 1).index(), response.failures(i).index());
    }
  }
  auto stored = ListAll(*officer_, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->size(), 3u);
}

TEST_F(HostileTest, ImportBatchesThatAreTooLarge) {
  mv1::ImportContactsRequest good, large;
  *good.add_contacts() = SampleContact("before", "ann");
  for (int i = 0; i < 1001; ++i) {
    *large.add_contacts() = SampleContact(absl::StrCat("large-", i), "ann");
  }
  ExpectRefused(
      [&](Client& client) {
        return Import(client, {good, large, good}).status();
      },
      Field("contacts"));
  mv1::ImportContactsRequest huge;
  for (int i = 0; i < 1000; ++i) {
    mv1::Contact* contact = huge.add_contacts();
    *contact = SampleContact(absl::StrCat("huge-", i), "ann");
    contact->set_recording_uri(std::string(6000, 'u'));
  }
  ExpectRefused([&](Client& client) { return Import(client, {huge}).status(); },
                {absl::StatusCode::kResourceExhausted,
                 type::v1::ERROR_REASON_TOO_LARGE,
                 {{"limit", absl::StrCat(4 << 20)}}});
  // What was answered before stays, of what was refused there is nothing.
  auto stored = ListAll(*officer_, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), 1u);
  EXPECT_EQ(stored->front().external_id(), "before");
  // A caller who may not import.
  ExpectRefused(As(auth::Role::kAuditor),
                [&](Client& client) { return Import(client, {good}).status(); },
                {absl::StatusCode::kPermissionDenied,
                 type::v1::ERROR_REASON_PERMISSION_DENIED,
                 {{"permission", "monitoring.contacts.import"}}});
}

}  // namespace
}  // namespace sqm::testing
