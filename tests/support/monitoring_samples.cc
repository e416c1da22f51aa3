#include "tests/support/monitoring_samples.h"

#include <absl/strings/str_cat.h>

#include <map>

#include "common/base/task.h"

namespace sqm::testing {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

namespace {

constexpr int64_t kDay = 1772409600;  // 2026-03-02T00:00:00Z
constexpr int kBatch = 500;

// What a condition compares an answer with.
std::string TextOf(const v1::Answer& answer) {
  switch (answer.value_case()) {
    case v1::Answer::kNumber:
      return answer.number();
    case v1::Answer::kYes:
      return answer.yes() ? "yes" : "no";
    case v1::Answer::kLevel:
      return answer.level();
    default:
      return "";
  }
}

void SetValue(const v1::ScorecardItem& item, Marks marks, v1::Answer& answer) {
  const int last = item.anchors_size() - 1;
  const int anchor = marks == Marks::kBest ? last : marks == Marks::kWorst ? 0 : last / 2;
  switch (item.kind()) {
    case v1::ITEM_KIND_SCALE:
      answer.set_number(item.anchors(anchor).value());
      break;
    case v1::ITEM_KIND_LEVELS:
      answer.set_level(item.anchors(anchor).id());
      break;
    case v1::ITEM_KIND_YES_NO:
      // Middling marks fail nothing outright.
      answer.set_yes(marks != Marks::kWorst);
      break;
    case v1::ITEM_KIND_POINTS:
      answer.set_number("0");
      break;
    default:
      answer.set_text("nothing to add");
  }
}

}  // namespace

v1::Contact SampleContact(absl::string_view external_id, absl::string_view agent, int minute) {
  v1::Contact contact;
  contact.set_external_id(std::string(external_id));
  contact.set_agent(absl::StrCat("staff/", agent));
  contact.set_team("north");
  contact.set_channel(v1::CONTACT_CHANNEL_VOICE);
  contact.set_type("Streaming");
  contact.mutable_start_time()->set_seconds(kDay + minute * 60);
  contact.set_answer_state(v1::ANSWER_STATE_ANSWERED);
  contact.mutable_queue_duration()->set_seconds(10 + minute % 50);
  contact.mutable_talk_duration()->set_seconds(60 + minute % 200);
  contact.set_resolved(minute % 4 != 0);
  contact.set_satisfaction(1 + minute % 5);
  contact.set_source("test");
  return contact;
}

absl::StatusOr<v1::ScorecardVersion> PublishTemplate(const ServerProcess& server,
                                                     const std::string& template_id) {
  Client officer(server, As(auth::Role::kQaOfficer));
  Client manager(server, As(auth::Role::kManager));
  ASSIGN_OR_RETURN(
      v1::ListScorecardTemplatesResponse templates,
      officer.Call(&Monitoring::ListScorecardTemplates, v1::ListScorecardTemplatesRequest()));
  for (const v1::ScorecardTemplate& shipped : templates.templates()) {
    if (shipped.id() != template_id) continue;
    v1::CreateScorecardRequest create;
    *create.mutable_scorecard() = shipped.scorecard();
    create.set_scorecard_id(template_id);
    ASSIGN_OR_RETURN(v1::Scorecard scorecard, officer.Call(&Monitoring::CreateScorecard, create));
    v1::PublishScorecardRequest publish;
    publish.set_name(scorecard.name());
    return manager.Call(&Monitoring::PublishScorecard, publish);
  }
  return absl::NotFoundError(absl::StrCat("no template ", template_id));
}

std::vector<v1::Answer> AnswerForm(const v1::ScorecardContent& content, Marks marks) {
  std::vector<v1::Answer> answers;
  std::map<std::string, std::string> given;
  for (const v1::ScorecardGroup& group : content.groups()) {
    for (const v1::ScorecardItem& item : group.items()) {
      if (item.has_condition()) {
        bool shown = false;
        for (const std::string& wanted : item.condition().answers()) {
          shown = shown || given[item.condition().item_id()] == wanted;
        }
        if (!shown) continue;
      }
      v1::Answer answer;
      answer.set_item_id(item.id());
      SetValue(item, marks, answer);
      if (item.comment_required()) answer.set_comment("as heard in the call");
      given[item.id()] = TextOf(answer);
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

absl::StatusOr<std::vector<v1::ImportContactsResponse>> Import(
    const Client& client, const std::vector<v1::ImportContactsRequest>& batches) {
  std::unique_ptr<grpc::ClientContext> context = client.Context();
  auto stream = client.monitoring().ImportContacts(context.get());
  std::vector<v1::ImportContactsResponse> responses;
  v1::ImportContactsResponse response;
  for (const v1::ImportContactsRequest& batch : batches) {
    if (!stream->Write(batch) || !stream->Read(&response)) break;
    responses.push_back(response);
  }
  stream->WritesDone();
  grpc::Status status = stream->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  return responses;
}

absl::StatusOr<std::vector<v1::ImportContactsResponse>> ImportAll(
    const Client& client, const std::vector<v1::Contact>& contacts) {
  std::vector<v1::ImportContactsRequest> batches;
  for (size_t i = 0; i < contacts.size(); ++i) {
    if (i % kBatch == 0) batches.emplace_back().set_sequence(static_cast<int64_t>(i / kBatch));
    *batches.back().add_contacts() = contacts[i];
  }
  return Import(client, batches);
}

absl::StatusOr<std::vector<v1::Contact>> ListAll(const Client& client, const std::string& filter,
                                                 const std::string& order_by, int page_size) {
  std::vector<v1::Contact> contacts;
  v1::ListContactsRequest request;
  request.set_filter(filter);
  request.set_order_by(order_by);
  request.set_page_size(page_size);
  do {
    ASSIGN_OR_RETURN(v1::ListContactsResponse page,
                     client.Call(&Monitoring::ListContacts, request));
    contacts.insert(contacts.end(), page.contacts().begin(), page.contacts().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return contacts;
}

absl::StatusOr<reporting::v1::DailyReport> SettledReport(const ServerProcess& monitoring,
                                                         const ServerProcess& reporting,
                                                         const std::string& date,
                                                         absl::Duration patience) {
  Client service(monitoring, As(auth::Role::kService));
  feed::v1::ListFeedsRequest list;
  list.set_service("monitoring");
  ASSIGN_OR_RETURN(feed::v1::ListFeedsResponse feeds,
                   service.Call(&feed::v1::FeedService::Stub::ListFeeds, list));
  int64_t head = 0;
  for (const auto& feed : feeds.feeds()) {
    if (feed.tenant() == "default") head = feed.head();
  }
  Client manager(reporting, As(auth::Role::kManager));
  reporting::v1::GetDailyReportRequest request;
  request.set_date(date);
  const absl::Time end = absl::Now() + patience;
  while (true) {
    ASSIGN_OR_RETURN(reporting::v1::DailyReport report,
                     manager.Call(&reporting::v1::ReportingService::Stub::GetDailyReport, request));
    int64_t position = 0;
    for (const auto& source : report.sources()) {
      if (source.source() == "monitoring") position = source.position();
    }
    if (position >= head) return report;
    if (absl::Now() > end) {
      return absl::DeadlineExceededError(
          absl::StrCat("the report has read up to ", position, " of ", head));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace sqm::testing
