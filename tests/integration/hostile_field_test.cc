// Requests whose fields, names, masks, etags, ids or states are wrong.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/empty.pb.h>

#include "tests/integration/hostile.h"

namespace sqm::testing {
namespace {

constexpr char kFirstId[] = "123e4567-e89b-12d3-a456-426614174000";

Refusal Mask(const std::string& path) {
  return {absl::StatusCode::kInvalidArgument,
          type::v1::ERROR_REASON_INVALID_FIELD_MASK,
          {{"path", path}}};
}

mv1::CreateContactRequest CreateOf(const std::string& external_id) {
  mv1::CreateContactRequest request;
  *request.mutable_contact() = SampleContact(external_id, "ann");
  return request;
}

TEST_F(HostileTest, FieldsOutOfBounds) {
  auto refused = [&](const std::string& field, const std::function<void(mv1::Contact&)>& change) {
    SCOPED_TRACE(field);
    mv1::CreateContactRequest request = CreateOf("f-1");
    change(*request.mutable_contact());
    ExpectRefused(&Monitoring::CreateContact, request, Field(field));
  };
  refused("contact.type", [](mv1::Contact& c) { c.set_type(std::string(129, 'x')); });
  refused("contact.type", [](mv1::Contact& c) {
    for (int i = 0; i < 129; ++i) c.mutable_type()->append("话");
  });
  refused("contact.channel",
          [](mv1::Contact& c) { c.set_channel(static_cast<mv1::ContactChannel>(99)); });
  refused("contact.channel", [](mv1::Contact& c) { c.clear_channel(); });
  refused("contact.start_time",
          [](mv1::Contact& c) { c.mutable_start_time()->set_seconds(253402300800); });
  refused("contact.start_time",
          [](mv1::Contact& c) { c.mutable_start_time()->set_nanos(1000000000); });
  refused("contact.end_time", [](mv1::Contact& c) { c.mutable_end_time()->set_nanos(-1); });
  refused("contact.queue_duration",
          [](mv1::Contact& c) { c.mutable_queue_duration()->set_nanos(-1); });
  refused("contact.talk_duration",
          [](mv1::Contact& c) { c.mutable_talk_duration()->set_seconds(86401); });
  refused("contact.hold_duration",
          [](mv1::Contact& c) { c.mutable_hold_duration()->set_seconds(1LL << 60); });
  refused("contact.satisfaction", [](mv1::Contact& c) { c.set_satisfaction(6); });
  refused("contact.agent", [](mv1::Contact& c) { c.set_agent("staff/../manager"); });
  mv1::CreateContactRequest request;
  ExpectRefused(&Monitoring::CreateContact, request, Field("contact"));
  request = CreateOf("f-2");
  request.set_contact_id("Not An Id");
  ExpectRefused(&Monitoring::CreateContact, request, Field("contact_id"));
  // The longest text that is allowed, in characters.
  request = CreateOf("f-3");
  request.mutable_contact()->clear_type();
  for (int i = 0; i < 128; ++i) request.mutable_contact()->mutable_type()->append("话");
  EXPECT_TRUE(officer_->Call(&Monitoring::CreateContact, request).ok());
}

// Rules name a field as the contract's own checks do: by its path in the request.
TEST_F(HostileTest, FieldsThatContradictEachOther) {
  mv1::CreateContactRequest create = CreateOf("f-4");
  create.mutable_contact()->clear_agent();
  ExpectRefused(&Monitoring::CreateContact, create, Field("contact.agent"));
  mv1::UpdateContactRequest update;
  update.mutable_contact()->set_name(Store("f-5").name());
  update.mutable_contact()->mutable_end_time()->set_seconds(1);
  ExpectRefused(&Monitoring::UpdateContact, update, Field("contact.end_time"));
  auto shipped =
      officer_->Call(&Monitoring::ListScorecardTemplates, mv1::ListScorecardTemplatesRequest());
  ASSERT_TRUE(shipped.ok()) << shipped.status();
  mv1::CreateScorecardRequest scorecard;
  *scorecard.mutable_scorecard() = shipped->templates(0).scorecard();
  scorecard.mutable_scorecard()->mutable_content()->mutable_groups(0)->set_weight("0");
  ExpectRefused(&Monitoring::CreateScorecard, scorecard,
                Field("scorecard.content.groups[0].weight"));
}

// All violations that are told must fit into what clients take of trailers.
TEST_F(HostileTest, HundredsOfWrongFields) {
  mv1::CreateScorecardRequest request;
  mv1::Scorecard* scorecard = request.mutable_scorecard();
  scorecard->set_subject(mv1::SCORECARD_SUBJECT_CONTACT);
  scorecard->mutable_title()->set_en("Wrong");
  for (int g = 0; g < 3; ++g) {
    mv1::ScorecardGroup* group = scorecard->mutable_content()->add_groups();
    for (int i = 0; i < 100; ++i) group->add_items()->set_points(std::string(17, '9'));
  }
  ExpectRefused(&Monitoring::CreateScorecard, request,
                Field("scorecard.content.groups[0].items[0].id"));
}

TEST_F(HostileTest, ThousandsOfElements) {
  mv1::BatchGetContactsRequest get;
  for (int i = 0; i < 10000; ++i) get.add_names(absl::StrCat("contacts/c", i));
  ExpectRefused(&Monitoring::BatchGetContacts, get, Field("names"));
  mv1::BatchCreateContactsRequest create;
  for (int i = 0; i < 10000; ++i) *create.add_requests() = CreateOf(absl::StrCat("m-", i));
  ExpectRefused(&Monitoring::BatchCreateContacts, create, Field("requests"));
  ExpectRefused(&Monitoring::BatchCreateContacts, mv1::BatchCreateContactsRequest(),
                Field("requests"));
  mv1::UpdateContactRequest update;
  update.mutable_contact()->set_name(Store("m-0").name());
  for (int i = 0; i < 10000; ++i) update.mutable_update_mask()->add_paths("type");
  ExpectRefused(&Monitoring::UpdateContact, update,
                {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_INVALID_FIELD_MASK});
}

TEST_F(HostileTest, Masks) {
  mv1::Contact contact = Store("mask");
  mv1::UpdateContactRequest request;
  request.mutable_contact()->set_name(contact.name());
  request.mutable_contact()->set_external_id("another");
  auto refused = [&](const std::string& path) {
    SCOPED_TRACE(path);
    request.clear_update_mask();
    request.mutable_update_mask()->add_paths("type");
    request.mutable_update_mask()->add_paths(path);
    ExpectRefused(&Monitoring::UpdateContact, request, Mask(path));
  };
  refused("colour");
  refused("type.en");
  refused("start_time.minutes");
  refused("create_time");
  refused("name");
  refused("etag");
  refused("external_id");
  refused("*");
  mv1::UpdateScorecardRequest scorecard;
  ASSERT_TRUE(PublishTemplate(*server_, "process-audit").ok());
  scorecard.mutable_scorecard()->set_name("scorecards/process-audit");
  scorecard.mutable_update_mask()->add_paths("state");
  ExpectRefused(&Monitoring::UpdateScorecard, scorecard, Mask("state"));
  scorecard.clear_update_mask();
  scorecard.mutable_update_mask()->add_paths("content.groups.id");
  ExpectRefused(&Monitoring::UpdateScorecard, scorecard, Mask("content.groups.id"));
  // Clearing what is required.
  scorecard.clear_update_mask();
  scorecard.mutable_update_mask()->add_paths("title");
  ExpectRefused(&Monitoring::UpdateScorecard, scorecard, Field("scorecard.title"));
}

TEST_F(HostileTest, StaleEtags) {
  mv1::Contact contact = Store("etag");
  mv1::UpdateContactRequest update;
  *update.mutable_contact() = contact;
  update.mutable_contact()->set_type("Billing");
  update.mutable_update_mask()->add_paths("type");
  auto changed = officer_->Call(&Monitoring::UpdateContact, update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->etag(), "\"2\"");
  const Refusal stale = {absl::StatusCode::kAborted,
                         type::v1::ERROR_REASON_ETAG_MISMATCH,
                         {{"current_etag", "\"2\""}, {"name", contact.name()}}};
  update.mutable_contact()->set_type("Sales");
  ExpectRefused(&Monitoring::UpdateContact, update, stale);
  update.mutable_contact()->set_etag("nonsense");
  ExpectRefused(&Monitoring::UpdateContact, update, stale);
  mv1::DeleteContactRequest remove;
  remove.set_name(contact.name());
  remove.set_etag(contact.etag());
  ExpectRefused(
      As(auth::Role::kManager),
      [&](Client& client) { return client.Call(&Monitoring::DeleteContact, remove).status(); },
      stale);
}

TEST_F(HostileTest, RequestIds) {
  mv1::CreateContactRequest request = CreateOf("rid");
  const Refusal malformed = {absl::StatusCode::kInvalidArgument,
                             type::v1::ERROR_REASON_INVALID_REQUEST_ID};
  for (const char* id :
       {"1", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"}) {
    request.set_request_id(id);
    ExpectRefused(&Monitoring::CreateContact, request, malformed);
  }
  // Refused calls are not remembered.
  request.set_request_id(kFirstId);
  request.mutable_contact()->set_satisfaction(9);
  ExpectRefused(&Monitoring::CreateContact, request, Field("contact.satisfaction"));
  request.mutable_contact()->set_satisfaction(5);
  auto first = officer_->Call(&Monitoring::CreateContact, request);
  ASSERT_TRUE(first.ok()) << first.status();
  auto again = officer_->Call(&Monitoring::CreateContact, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  // Nor is it another one for the case of its letters.
  request.set_request_id(absl::AsciiStrToUpper(kFirstId));
  again = officer_->Call(&Monitoring::CreateContact, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), first->name());
  request.mutable_contact()->set_type("Other");
  ExpectRefused(&Monitoring::CreateContact, request,
                {absl::StatusCode::kInvalidArgument, type::v1::ERROR_REASON_REQUEST_ID_REUSED});
  auto stored = ListAll(*officer_, "external_id = rid");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->size(), 1u);
  // Done once, a state change is answered again although the state would refuse it now.
  Client manager(*server_, As(auth::Role::kManager));
  mv1::DeleteContactRequest remove;
  remove.set_name(first->name());
  remove.set_request_id(kFirstId);
  EXPECT_TRUE(manager.Call(&Monitoring::DeleteContact, remove).ok());
  EXPECT_TRUE(manager.Call(&Monitoring::DeleteContact, remove).ok());
  remove.clear_request_id();
  EXPECT_TRUE(IsRefused(manager.Call(&Monitoring::DeleteContact, remove).status(),
                        {absl::StatusCode::kNotFound, type::v1::ERROR_REASON_NOT_FOUND}));
}

TEST_F(HostileTest, NamesThatLeadElsewhere) {
  mv1::GetContactRequest get;
  for (const std::string& name :
       {std::string("scorecards/call"), std::string("contacts/../scorecards/call"),
        std::string("contacts/"), std::string("/contacts/a"), std::string("contacts/a/b"),
        std::string("contacts/%2e%2e"), std::string("contacts/a\0b", 12),
        std::string("contacts/'; DROP TABLE r_contact; --"),
        absl::StrCat("contacts/", std::string(3000, 'a'))}) {
    get.set_name(name);
    ExpectRefused(&Monitoring::GetContact, get, Field("name"));
  }
  mv1::UpdateContactRequest update;
  update.mutable_contact()->set_name("contacts/../../etc/passwd");
  update.mutable_contact()->set_type("x");
  ExpectRefused(&Monitoring::UpdateContact, update,
                {absl::StatusCode::kInvalidArgument,
                 type::v1::ERROR_REASON_INVALID_NAME,
                 {{"pattern", "contacts/{contact}"}}});
  get.set_name("contacts/none");
  ExpectRefused(
      &Monitoring::GetContact, get,
      {absl::StatusCode::kNotFound, type::v1::ERROR_REASON_NOT_FOUND, {{"name", "contacts/none"}}});
}

TEST_F(HostileTest, ReferencesToNothingAndWrongStates) {
  auto version = PublishTemplate(*server_, "contact-centre-call");
  ASSERT_TRUE(version.ok()) << version.status();
  mv1::Contact contact = Store("ref");
  mv1::CreateEvaluationRequest create;
  mv1::Evaluation* evaluation = create.mutable_evaluation();
  evaluation->set_evaluator("staff/qa-officer");
  evaluation->set_method(mv1::EVALUATION_METHOD_RECORDED);
  auto missing = [&](const std::string& field, const std::string& name) {
    ExpectRefused(&Monitoring::CreateEvaluation, create,
                  {absl::StatusCode::kFailedPrecondition,
                   type::v1::ERROR_REASON_REFERENCE_NOT_FOUND,
                   {{"field", field}, {"name", name}}});
  };
  evaluation->set_contact("contacts/none");
  evaluation->set_scorecard_version(version->name());
  missing("contact", "contacts/none");
  evaluation->set_contact(contact.name());
  evaluation->set_scorecard_version("scorecards/contact-centre-call/versions/99");
  missing("scorecard_version", "scorecards/contact-centre-call/versions/99");
  evaluation->set_contact("evaluations/none");
  ExpectRefused(&Monitoring::CreateEvaluation, create, Field("evaluation.contact"));
  evaluation->set_contact(contact.name());
  evaluation->set_scorecard_version(version->name());
  auto made = officer_->Call(&Monitoring::CreateEvaluation, create);
  ASSERT_TRUE(made.ok()) << made.status();
  mv1::ReleaseEvaluationRequest release;
  release.set_name(made->name());
  ExpectRefused(
      [&](Client& client) {
        absl::Status status = client.Call(&Monitoring::ReleaseEvaluation, release).status();
        auto failure = DetailOf<google::rpc::PreconditionFailure>(status);
        EXPECT_EQ(failure.violations_size(), 1);
        if (failure.violations_size() == 1) {
          EXPECT_EQ(failure.violations(0).type(), "STATE");
          EXPECT_EQ(failure.violations(0).subject(), made->name());
        }
        return status;
      },
      {absl::StatusCode::kFailedPrecondition,
       type::v1::ERROR_REASON_WRONG_STATE,
       {{"current_state", "ASSIGNED"}, {"allowed_states", "IN_PROGRESS,VOIDED"}}});
  mv1::DeleteContactRequest remove;
  remove.set_name(contact.name());
  ExpectRefused(
      As(auth::Role::kManager),
      [&](Client& client) { return client.Call(&Monitoring::DeleteContact, remove).status(); },
      {absl::StatusCode::kFailedPrecondition,
       type::v1::ERROR_REASON_RULE_VIOLATED,
       {{"rule", "contact-evaluated"}, {"contact", contact.name()}}});
}

}  // namespace
}  // namespace sqm::testing
