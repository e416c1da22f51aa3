// Contacts and answered forms for tests against a running service.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {

// The day of the sample contacts, UTC.
inline constexpr char kSampleDay[] = "2026-03-02";
// An answered call of `agent` (without `staff/`) that began `minute` minutes into that day.
monitoring::v1::Contact SampleContact(absl::string_view external_id, absl::string_view agent,
                                      int minute = 0);

// A published version of the shipped scorecard `template_id`, made by a QA officer and published by
// a manager.
absl::StatusOr<monitoring::v1::ScorecardVersion> PublishTemplate(const ServerProcess& server,
                                                                 const std::string& template_id);

enum class Marks { kBest, kMiddling, kWorst };
// Answers every item that is shown. kWorst fails every item that can be failed, fatal ones too.
std::vector<monitoring::v1::Answer> AnswerForm(const monitoring::v1::ScorecardContent& content,
                                               Marks marks);

// Sends the batches and waits for all answers; the answers, or why the stream ended.
absl::StatusOr<std::vector<monitoring::v1::ImportContactsResponse>> Import(
    const Client& client, const std::vector<monitoring::v1::ImportContactsRequest>& batches);
// `contacts` in one stream of batches of 500.
absl::StatusOr<std::vector<monitoring::v1::ImportContactsResponse>> ImportAll(
    const Client& client, const std::vector<monitoring::v1::Contact>& contacts);

// Every contact that the filter matches, page by page.
absl::StatusOr<std::vector<monitoring::v1::Contact>> ListAll(const Client& client,
                                                             const std::string& filter,
                                                             const std::string& order_by = "",
                                                             int page_size = 1000);

// The day's report once it has read all that monitoring holds now. `reporting` may be another
// process than `monitoring`, or the same.
absl::StatusOr<reporting::v1::DailyReport> SettledReport(
    const ServerProcess& monitoring, const ServerProcess& reporting, const std::string& date,
    absl::Duration patience = absl::Seconds(20));

}  // namespace sqm::testing
