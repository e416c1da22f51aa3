// A running suite and the people who handle complaints, for the tests of the complaints service.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/refusal.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {

class ComplaintsWorld : public ::testing::Test {
 protected:
  using Stub = complaints::v1::ComplaintsService::Stub;

  void SetUp() override {
    auto server = ServerProcess::Start(options_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    agent_ = Caller(auth::Role::kAgent, "ann");
    other_ = Caller(auth::Role::kAgent, "otto");
    lead_ = Caller(auth::Role::kTeamLead, "leo");
    supervisor_ = Caller(auth::Role::kSupervisor, "sue");
    manager_ = Caller(auth::Role::kManager, "mia");
    auditor_ = Caller(auth::Role::kAuditor, "ada");
  }
  std::unique_ptr<Client> Caller(auth::Role role, const std::string& staff) {
    return std::make_unique<Client>(*server_, As(role, staff, "north"));
  }

  // A complaint as a branch writes it down.
  static complaints::v1::Case Sample(
      complaints::v1::CaseKind kind = complaints::v1::CASE_KIND_COMPLAINT) {
    complaints::v1::Case one;
    one.set_kind(kind);
    one.set_channel(complaints::v1::CASE_CHANNEL_PHONE);
    one.mutable_customer()->set_reference("AC-1001");
    one.mutable_customer()->set_display_name("Li Lei");
    one.set_subject("Late fee charged twice");
    one.set_text("The late fee of March was charged twice to my account.");
    return one;
  }
  absl::StatusOr<complaints::v1::Case> Create(const Client& client,
                                              const complaints::v1::Case& one) {
    complaints::v1::CreateCaseRequest request;
    *request.mutable_case_() = one;
    return client.Call(&Stub::CreateCase, request);
  }
  // All that the manager sees.
  std::vector<complaints::v1::Case> AllCases() {
    std::vector<complaints::v1::Case> all;
    complaints::v1::ListCasesRequest request;
    request.set_page_size(1000);
    do {
      auto page = manager_->Call(&Stub::ListCases, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return all;
      all.insert(all.end(), page->cases().begin(), page->cases().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  absl::StatusOr<complaints::v1::Category> CreateCategory(const std::string& id,
                                                          complaints::v1::Category category = {}) {
    complaints::v1::CreateCategoryRequest request;
    *request.mutable_category() = category;
    request.mutable_category()->mutable_label()->set_en(id);
    request.set_category_id(id);
    return manager_->Call(&Stub::CreateCategory, request);
  }
  absl::StatusOr<complaints::v1::Cause> CreateCause(const std::string& id) {
    complaints::v1::CreateCauseRequest request;
    request.mutable_cause()->mutable_label()->set_en(id);
    request.set_cause_id(id);
    return manager_->Call(&Stub::CreateCause, request);
  }
  absl::StatusOr<complaints::v1::Case> Get(const Client& client, const std::string& name) {
    complaints::v1::GetCaseRequest request;
    request.set_name(name);
    return client.Call(&Stub::GetCase, request);
  }
  std::vector<complaints::v1::CaseEntry> Timeline(const Client& client, const std::string& name) {
    complaints::v1::ListCaseEntriesRequest request;
    request.set_parent(name);
    auto entries = client.Call(&Stub::ListCaseEntries, request);
    EXPECT_TRUE(entries.ok()) << entries.status();
    if (!entries.ok()) return {};
    return {entries->entries().begin(), entries->entries().end()};
  }
  // A step that needs no values but those that `fill` sets.
  template <typename Request>
  absl::StatusOr<complaints::v1::Case> Do(
      const Client& client,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, complaints::v1::Case*),
      const std::string& name, std::function<void(Request&)> fill = nullptr) {
    Request request;
    request.set_name(name);
    if (fill) fill(request);
    return client.Call(method, request);
  }
  // Acknowledged, classified as categories/billing (which must exist), assigned to `owner`.
  absl::StatusOr<complaints::v1::Case> Assigned(const complaints::v1::Case& sample,
                                                const std::string& owner) {
    auto one = Create(*supervisor_, sample);
    if (!one.ok()) return one;
    const std::string name = one->name();
    one = Do<complaints::v1::AcknowledgeCaseRequest>(*supervisor_, &Stub::AcknowledgeCase, name);
    if (!one.ok()) return one;
    one = Do<complaints::v1::ClassifyCaseRequest>(
        *supervisor_, &Stub::ClassifyCase, name,
        [](auto& request) { request.set_category("categories/billing"); });
    if (!one.ok()) return one;
    return Do<complaints::v1::AssignCaseRequest>(
        *supervisor_, &Stub::AssignCase, name,
        [&owner](auto& request) { request.set_owner(owner); });
  }
  // A complaint of categories/billing that ann has answered with `text`, still open; its name.
  std::string Replied(const std::string& text = "Sorry") {
    auto one = Assigned(Sample(), "staff/ann");
    EXPECT_TRUE(one.ok()) << one.status();
    const std::string name = one->name();
    EXPECT_TRUE(Do<complaints::v1::StartCaseRequest>(*agent_, &Stub::StartCase, name).ok());
    EXPECT_TRUE(
        Do<complaints::v1::ProposeResponseRequest>(*agent_, &Stub::ProposeResponse, name,
                                                   [&](auto& request) { request.set_text(text); })
            .ok());
    EXPECT_TRUE(Do<complaints::v1::ReplyCaseRequest>(*agent_, &Stub::ReplyCase, name).ok());
    return name;
  }
  // A disclosure that `reader` alone may see, with its receipt.
  absl::StatusOr<complaints::v1::SubmitDisclosureResponse> Disclosed(
      const std::string& reader, const std::vector<std::string>& named = {}) {
    complaints::v1::CreateDisclosurePanelRequest panel;
    panel.mutable_disclosure_panel()->add_members(reader);
    panel.set_disclosure_panel_id("default");
    EXPECT_TRUE(manager_->Call(&Stub::CreateDisclosurePanel, panel).ok());
    complaints::v1::SubmitDisclosureRequest report;
    report.set_channel(complaints::v1::CASE_CHANNEL_WEB);
    report.set_subject("Receipts are forged");
    report.set_text("In branch 3 receipts of taxis are made up.");
    for (const std::string& staff : named) report.add_named_staff(staff);
    return Caller(auth::Role::kCustomer, "portal-7")->Call(&Stub::SubmitDisclosure, report);
  }
  // One batch of an import on a stream of its own.
  static absl::StatusOr<complaints::v1::ImportCasesResponse> Send(
      const Client& client, const complaints::v1::ImportCasesRequest& request) {
    std::unique_ptr<grpc::ClientContext> context = client.Context();
    auto stream = client.complaints().ImportCases(context.get());
    complaints::v1::ImportCasesResponse response;
    stream->Write(request);
    const bool answered = stream->Read(&response);
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    EXPECT_TRUE(answered);
    return response;
  }

  ServerOptions options_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> agent_, other_, lead_, supervisor_, manager_, auditor_;
};

inline Refusal WrongState(const std::string& current, const std::string& allowed) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_WRONG_STATE,
          {{"current_state", current}, {"allowed_states", allowed}}};
}
inline Refusal Rule(const std::string& rule) {
  return {absl::StatusCode::kFailedPrecondition,
          type::v1::ERROR_REASON_RULE_VIOLATED,
          {{"rule", rule}}};
}
inline const Refusal kNoReference = {absl::StatusCode::kFailedPrecondition,
                                     type::v1::ERROR_REASON_REFERENCE_NOT_FOUND};
inline const Refusal kForbidden = {absl::StatusCode::kPermissionDenied,
                                   type::v1::ERROR_REASON_PERMISSION_DENIED};

}  // namespace sqm::testing
