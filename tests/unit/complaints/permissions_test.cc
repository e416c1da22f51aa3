// Which permission each method asks for, as one text.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "sqm/complaints/v1/complaints_service.pb.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::complaints {
namespace {

// `read` changes nothing.
constexpr char kPermissions[] = R"(
GetCase complaints.cases.read read
ListCases complaints.cases.read read
CreateCase complaints.cases.create
ImportCases complaints.cases.import
UpdateCase complaints.cases.update
AcknowledgeCase complaints.cases.acknowledge
ClassifyCase complaints.cases.classify
AssignCase complaints.cases.assign
RefuseAssignment complaints.cases.handle
StartCase complaints.cases.handle
AwaitCustomer complaints.cases.handle
AwaitThirdParty complaints.cases.handle
ResumeCase complaints.cases.handle
ProposeResponse complaints.cases.handle
DecideResponse complaints.cases.approve
ReplyCase complaints.cases.handle
CloseCase complaints.cases.close
ReopenCase complaints.cases.reopen
WithdrawCase complaints.cases.withdraw
RejectCase complaints.cases.reject
MergeCase complaints.cases.merge
EscalateCase complaints.cases.escalate
ArchiveCase complaints.cases.archive
AddCaseEntry complaints.entries.create
GetCaseEntry complaints.entries.read read
ListCaseEntries complaints.entries.read read
ListQueue complaints.cases.read read
ListCustomerHistory complaints.cases.read read
SuggestDuplicates complaints.cases.read read
RequestCompensation complaints.compensations.request
DecideCompensation complaints.compensations.approve
AdoptSuggestion complaints.suggestions.decide
RewardSuggestion complaints.suggestions.decide
ConfirmAppointment complaints.appointments.handle
PrepareAppointment complaints.appointments.handle
ExecuteAppointment complaints.appointments.handle
RecordSatisfaction complaints.satisfaction.record
IssueCaseReceipt complaints.receipts.issue
TrackCase complaints.receipts.track read
RateCase complaints.receipts.rate
SendCaseMessage complaints.receipts.answer
GetCause complaints.causes.read read
ListCauses complaints.causes.read read
CreateCause complaints.causes.create
UpdateCause complaints.causes.update
GetCategory complaints.categories.read read
ListCategories complaints.categories.read read
CreateCategory complaints.categories.create
UpdateCategory complaints.categories.update
RetireCategory complaints.categories.retire
GetCalendar complaints.calendars.read read
ListCalendars complaints.calendars.read read
CreateCalendar complaints.calendars.create
UpdateCalendar complaints.calendars.update
GetDeadlinePolicy complaints.deadline_policies.read read
ListDeadlinePolicies complaints.deadline_policies.read read
CreateDeadlinePolicy complaints.deadline_policies.create
UpdateDeadlinePolicy complaints.deadline_policies.update
RetireDeadlinePolicy complaints.deadline_policies.retire
ListStatutoryTerms complaints.deadline_policies.read read
SubmitDisclosure complaints.disclosures.submit
TrackDisclosure complaints.disclosures.track read
GrantDisclosureAccess complaints.disclosures.grant
RevokeDisclosureAccess complaints.disclosures.grant
GetDisclosurePanel complaints.disclosure_panels.read read
ListDisclosurePanels complaints.disclosure_panels.read read
CreateDisclosurePanel complaints.disclosure_panels.create
UpdateDisclosurePanel complaints.disclosure_panels.update
GetReplyTemplate complaints.reply_templates.read read
ListReplyTemplates complaints.reply_templates.read read
CreateReplyTemplate complaints.reply_templates.create
UpdateReplyTemplate complaints.reply_templates.update
DeleteReplyTemplate complaints.reply_templates.delete
RenderReply complaints.cases.read read
GetHandler complaints.handlers.read read
ListHandlers complaints.handlers.read read
CreateHandler complaints.handlers.create
UpdateHandler complaints.handlers.update
AutoAssignCase complaints.cases.assign
ExplainDeadline complaints.cases.read read
GetCorrectiveAction complaints.corrective_actions.read read
ListCorrectiveActions complaints.corrective_actions.read read
CreateCorrectiveAction complaints.corrective_actions.create
StartCorrectiveAction complaints.corrective_actions.handle
CompleteCorrectiveAction complaints.corrective_actions.handle
VerifyCorrectiveAction complaints.corrective_actions.verify
RescheduleCorrectiveAction complaints.corrective_actions.plan
CancelCorrectiveAction complaints.corrective_actions.plan
GetStarterSet complaints.categories.read read
)";

TEST(Permissions, OfEachMethod) {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "sqm.complaints.v1.ComplaintsService");
  ASSERT_NE(service, nullptr);
  std::string permissions = "\n";
  for (int i = 0; i < service->method_count(); ++i) {
    const google::protobuf::MethodDescriptor* method = service->method(i);
    const auto& options = method->options().GetExtension(options::v1::method);
    absl::StrAppend(&permissions, method->name(), " ", options.permission(),
                    options.read_only() ? " read" : "", "\n");
  }
  EXPECT_TRUE(permissions == kPermissions) << "they are now" << permissions;
}

}  // namespace
}  // namespace sqm::complaints
