// What tests of disclosures share: a panel, its readers, and whoever makes one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/complaints_world.h"

namespace sqm::testing {

class ComplaintsDisclosureWorld : public ComplaintsWorld {
 protected:
  void SetUp() override {
    ComplaintsWorld::SetUp();
    if (HasFatalFailure()) return;
    portal_ = Caller(auth::Role::kCustomer, "portal-7");
    reader_ = Caller(auth::Role::kSupervisor, "rita");
  }
  absl::Status MakePanel() {
    complaints::v1::CreateDisclosurePanelRequest request;
    request.mutable_disclosure_panel()->add_members("staff/rita");
    request.mutable_disclosure_panel()->add_members("staff/bob");
    request.set_disclosure_panel_id("default");
    return manager_->Call(&Stub::CreateDisclosurePanel, request).status();
  }
  static complaints::v1::SubmitDisclosureRequest Report() {
    complaints::v1::SubmitDisclosureRequest request;
    request.set_channel(complaints::v1::CASE_CHANNEL_WEB);
    request.set_subject("Receipts are forged");
    request.set_text("In branch 3 receipts of taxis are made up.");
    request.add_named_staff("staff/bob");
    return request;
  }
  std::vector<complaints::v1::Case> List(const Client& client) {
    auto cases = client.Call(&Stub::ListCases, complaints::v1::ListCasesRequest());
    EXPECT_TRUE(cases.ok()) << cases.status();
    return {cases->cases().begin(), cases->cases().end()};
  }
  // The entries of the audit trail that the client may read.
  std::vector<audit::v1::AuditEntry> Trail(const Client& client) {
    auto entries = client.Call(&audit::v1::AuditService::Stub::ListAuditEntries,
                               audit::v1::ListAuditEntriesRequest());
    EXPECT_TRUE(entries.ok()) << entries.status();
    if (!entries.ok()) return {};
    return {entries->audit_entries().begin(), entries->audit_entries().end()};
  }
  absl::Status Say(const Client& client, const std::string& name, complaints::v1::CaseAction action,
                   const std::string& text) {
    complaints::v1::AddCaseEntryRequest request;
    request.set_parent(name);
    request.mutable_entry()->set_action(action);
    request.mutable_entry()->set_text(text);
    return client.Call(&Stub::AddCaseEntry, request).status();
  }
  absl::StatusOr<complaints::v1::TrackDisclosureResponse> Track(const std::string& number,
                                                                const std::string& receipt) {
    complaints::v1::TrackDisclosureRequest request;
    request.set_number(number);
    request.set_receipt(receipt);
    return portal_->Call(&Stub::TrackDisclosure, request);
  }

  std::unique_ptr<Client> portal_, reader_;
};

}  // namespace sqm::testing
