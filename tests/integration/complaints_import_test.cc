// Import of cases on the stream: each row answered by itself, and what is known already.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {
namespace {

namespace v1 = complaints::v1;

class ComplaintsImportTest : public ComplaintsWorld {
 protected:
  static v1::ImportedCase Row(const std::string& id) {
    v1::ImportedCase row;
    *row.mutable_case_() = Sample();
    row.mutable_case_()->set_external_id(id);
    row.mutable_case_()->mutable_received_time()->set_seconds(1400000000);  // in May 2014
    row.set_state(v1::CASE_STATE_CLOSED);
    row.mutable_close_time()->set_seconds(1400086400);
    return row;
  }
};

TEST_F(ComplaintsImportTest, EachRowOfABatchIsAnsweredByItself) {
  v1::ImportCasesRequest request;
  request.set_sequence(7);
  *request.add_cases() = Row("a");
  *request.add_cases() = Row("");
  *request.add_cases() = Row("a");  // twice in one batch
  v1::ImportedCase other = Row("a");
  other.mutable_case_()->set_subject("Something else");
  *request.add_cases() = other;
  request.add_cases()->mutable_case_()->set_external_id("empty");
  v1::ImportedCase astray = Row("astray");
  astray.mutable_case_()->set_category("categories/none");
  *request.add_cases() = astray;
  *request.add_cases() = Row("b");
  auto response = Send(*manager_, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->sequence(), 7);
  EXPECT_THAT(
      response->outcomes(),
      ::testing::ElementsAre(type::v1::IMPORT_OUTCOME_CREATED, type::v1::IMPORT_OUTCOME_FAILED,
                             type::v1::IMPORT_OUTCOME_UNCHANGED, type::v1::IMPORT_OUTCOME_FAILED,
                             type::v1::IMPORT_OUTCOME_FAILED, type::v1::IMPORT_OUTCOME_FAILED,
                             type::v1::IMPORT_OUTCOME_CREATED));
  std::vector<int> indexes;
  for (const auto& failure : response->failures()) indexes.push_back(failure.index());
  EXPECT_THAT(indexes, ::testing::ElementsAre(1, 3, 4, 5));
  EXPECT_EQ(AllCases().size(), 2u);
  // Nothing is stored by a dry run.
  v1::ImportCasesRequest dry;
  *dry.add_cases() = Row("c");
  dry.set_validate_only(true);
  EXPECT_TRUE(Send(*manager_, dry).ok());
  EXPECT_EQ(AllCases().size(), 2u);
}

TEST_F(ComplaintsImportTest, ItsCallerMayAndItsBatchesAreBounded) {
  v1::ImportCasesRequest request;
  *request.add_cases() = Row("a");
  for (const Client* client : {agent_.get(), lead_.get(), auditor_.get()}) {
    EXPECT_EQ(Send(*client, request).status().code(), absl::StatusCode::kPermissionDenied);
  }
  EXPECT_TRUE(Send(*supervisor_, request).ok());
  v1::ImportCasesRequest large;
  for (int i = 0; i <= 1000; ++i) large.add_cases();
  EXPECT_EQ(Send(*manager_, large).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ComplaintsImportTest, WhatIsOpenComesToATeamAndToNobodyWhomItNames) {
  v1::Category net, slow;
  net.set_default_team("netteam");
  slow.set_parent_category("categories/net");
  ASSERT_TRUE(CreateCategory("net", net).ok());
  ASSERT_TRUE(CreateCategory("slow", slow).ok());
  v1::ImportCasesRequest request;
  v1::ImportedCase& row = *request.add_cases();
  row = Row("a");
  row.set_state(v1::CASE_STATE_ASSIGNED);
  row.clear_close_time();
  row.set_owner("staff/ann");
  row.mutable_case_()->set_category("categories/slow");
  row.mutable_case_()->add_named_staff("staff/ann");
  auto refused = Send(*manager_, request);
  ASSERT_TRUE(refused.ok()) << refused.status();
  ASSERT_EQ(refused->failures_size(), 1);
  row.set_owner("staff/otto");
  ASSERT_TRUE(Send(*manager_, request).ok());
  const v1::Case one = AllCases().at(0);
  EXPECT_EQ(one.owner(), "staff/otto");
  EXPECT_EQ(one.team(), "netteam") << "of the category above it";
}

TEST_F(ComplaintsImportTest, AKnownCaseIsChangedUntilSomebodyWorksOnIt) {
  v1::ImportedCase row = Row("a");
  row.set_state(v1::CASE_STATE_RECEIVED);
  row.clear_close_time();
  v1::ImportCasesRequest request;
  *request.add_cases() = row;
  ASSERT_TRUE(Send(*manager_, request).ok());
  const v1::Case before = AllCases().at(0);
  EXPECT_EQ(before.number(), "C-2014-000001");
  // The other system closed it meanwhile.
  request.clear_cases();
  *request.add_cases() = Row("a");
  auto refused = Send(*manager_, request);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->failures(0).status().code(),
            static_cast<int>(absl::StatusCode::kAlreadyExists));
  request.set_update_existing(true);
  auto updated = Send(*manager_, request);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->outcomes(0), type::v1::IMPORT_OUTCOME_UPDATED);
  v1::Case after = AllCases().at(0);
  EXPECT_EQ(after.name(), before.name());
  EXPECT_EQ(after.number(), before.number());
  EXPECT_EQ(after.state(), v1::CASE_STATE_CLOSED);
  EXPECT_EQ(after.close_time().seconds(), 1400086400);
  // Archived here: the file is no longer what decides.
  ASSERT_TRUE(Do<v1::ArchiveCaseRequest>(*manager_, &Stub::ArchiveCase, after.name()).ok());
  auto same = Send(*manager_, request);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->outcomes(0), type::v1::IMPORT_OUTCOME_UNCHANGED);
  request.mutable_cases(0)->mutable_case_()->set_text("More of it.");
  auto late = Send(*manager_, request);
  ASSERT_TRUE(late.ok());
  ASSERT_EQ(late->failures_size(), 1);
  EXPECT_EQ(MetadataOf(rpc::FromWire(late->failures(0).status()), "rule"),
            "worked-on-since-import");
  EXPECT_EQ(AllCases().at(0).state(), v1::CASE_STATE_ARCHIVED);
}

TEST_F(ComplaintsImportTest, ACaseThatWasTakenUpAgainStaysWhatItWas) {
  v1::ImportCasesRequest request;
  request.set_update_existing(true);
  *request.add_cases() = Row("a");
  ASSERT_TRUE(Send(*manager_, request).ok());
  const v1::Case closed = AllCases().at(0);
  v1::ReopenCaseRequest reopen;
  reopen.set_name(closed.name());
  reopen.set_reason("It is loud again.");
  auto next = manager_->Call(&Stub::ReopenCase, reopen);
  ASSERT_TRUE(next.ok()) << next.status();
  ASSERT_NE(next->name(), closed.name());
  request.mutable_cases(0)->mutable_case_()->set_text("More of it.");
  auto refused = Send(*manager_, request);
  ASSERT_TRUE(refused.ok()) << refused.status();
  ASSERT_EQ(refused->failures_size(), 1);
  EXPECT_EQ(MetadataOf(rpc::FromWire(refused->failures(0).status()), "rule"),
            "worked-on-since-import");
  auto again = manager_->Call(&Stub::ReopenCase, reopen);
  EXPECT_EQ(MetadataOf(again.status(), "rule"), "already-followed");
}

TEST_F(ComplaintsImportTest, TheSameRowsChangeNothingAfterTheirCasesWereCorrectedAndMerged) {
  v1::ImportCasesRequest request;
  for (const char* id : {"a", "b"}) {
    v1::ImportedCase& row = *request.add_cases() = Row(id);
    row.set_state(v1::CASE_STATE_RECEIVED);
    row.clear_close_time();
  }
  request.mutable_cases(1)->mutable_case_()->add_named_staff("staff/otto");
  ASSERT_TRUE(Send(*manager_, request).ok());
  std::map<std::string, std::string> names;
  for (const v1::Case& one : AllCases()) names[one.external_id()] = one.name();
  v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(names["a"]);
  update.mutable_case_()->mutable_customer()->set_phone("13800000009");
  update.mutable_update_mask()->add_paths("customer.phone");
  ASSERT_TRUE(manager_->Call(&Stub::UpdateCase, update).ok());
  for (const bool merged : {false, true}) {
    if (merged) {
      auto into = Do<v1::MergeCaseRequest>(
          *manager_, &Stub::MergeCase, names["b"],
          [&names](v1::MergeCaseRequest& merge) { merge.set_into(names["a"]); });
      ASSERT_TRUE(into.ok()) << into.status();
    }
    for (const bool update_existing : {false, true}) {
      request.set_update_existing(update_existing);
      auto same = Send(*manager_, request);
      ASSERT_TRUE(same.ok()) << same.status();
      EXPECT_EQ(same->failures_size(), 0) << same->ShortDebugString();
      EXPECT_EQ(same->outcomes(0), type::v1::IMPORT_OUTCOME_UNCHANGED);
    }
  }
  // What says something new is still not written over the work.
  request.mutable_cases(0)->mutable_case_()->mutable_customer()->set_phone("13800000009");
  request.mutable_cases(0)->mutable_case_()->set_text("More of it.");
  auto late = Send(*manager_, request);
  ASSERT_TRUE(late.ok()) << late.status();
  ASSERT_EQ(late->failures_size(), 1);
  EXPECT_EQ(MetadataOf(rpc::FromWire(late->failures(0).status()), "rule"),
            "worked-on-since-import");
}

TEST_F(ComplaintsImportTest, RepeatsAreCountedWithinABatchAndAgainForAChangedRow) {
  v1::ImportCasesRequest request;
  for (int i = 0; i < 4; ++i) {
    v1::ImportedCase& row = *request.add_cases() = Row(std::string(1, "abcd"[i]));
    row.mutable_case_()->mutable_received_time()->set_seconds(1400000000 + i * 3600);
    row.mutable_case_()->mutable_customer()->set_reference(i == 2 ? "AC-2" : "AC-1");
  }
  const auto repeats = [this] {
    std::map<std::string, std::string> ids, repeats;
    for (const v1::Case& one : AllCases()) ids[one.name()] = one.external_id();
    for (const v1::Case& one : AllCases()) {
      repeats[one.external_id()] = absl::StrCat(one.repeat_count(), ids[one.repeat_of()]);
    }
    return repeats;
  };
  using Repeats = std::map<std::string, std::string>;
  auto created = Send(*manager_, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->failures_size(), 0) << created->ShortDebugString();
  EXPECT_EQ(repeats(), (Repeats{{"a", "0"}, {"b", "1a"}, {"c", "0"}, {"d", "2b"}}));
  // It was another customer.
  request.set_update_existing(true);
  request.mutable_cases(3)->mutable_case_()->mutable_customer()->set_reference("AC-2");
  auto changed = Send(*manager_, request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->outcomes(3), type::v1::IMPORT_OUTCOME_UPDATED);
  EXPECT_EQ(repeats(), (Repeats{{"a", "0"}, {"b", "1a"}, {"c", "0"}, {"d", "1c"}}));
}

}  // namespace
}  // namespace sqm::testing