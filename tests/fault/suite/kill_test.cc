// kill -9 while contacts are imported and evaluated: what was acknowledged is there, once, and the
// report counts exactly what is stored.
#include <absl/strings/str_cat.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/civil_time.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "common/base/task.h"
#include "tests/support/monitoring_samples.h"
#include "tests/support/suite_process.h"

namespace sqm::testing {
namespace {

namespace v1 = monitoring::v1;
using Monitoring = v1::MonitoringService::Stub;

constexpr int kRounds = 6;
constexpr int kBatch = 200;
constexpr size_t kOfARound = 4;  // evaluations begun, at least
constexpr uint32_t kSeed = 20260302;
constexpr int kMinutes = 1200;  // of the day of the contacts

// What the clients were told. Written by the clients of a round, read between rounds.
struct Acknowledged {
  absl::Mutex mutex;
  std::set<std::string> contacts ABSL_GUARDED_BY(mutex);
  // Furthest state of each evaluation.
  std::map<std::string, v1::EvaluationState> evaluations ABSL_GUARDED_BY(mutex);

  void Reached(const v1::Evaluation& evaluation) {
    absl::MutexLock lock(&mutex);
    evaluations[evaluation.name()] = evaluation.state();
  }
  // Waits until so many evaluations have begun, or `patience` is over.
  void AwaitEvaluations(size_t count, absl::Duration patience) {
    absl::MutexLock lock(&mutex);
    auto reached = [&]()
                       ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return evaluations.size() >= count; };
    mutex.AwaitWithTimeout(absl::Condition(&reached), patience);
  }
};

// Imports until the server is gone.
void ImportUntilGone(const Client& client, const std::string& prefix, Acknowledged& told) {
  auto context = client.Context();
  auto stream = client.monitoring().ImportContacts(context.get());
  for (int batch = 0;; ++batch) {
    v1::ImportContactsRequest request;
    request.set_sequence(batch);
    for (int i = 0; i < kBatch; ++i) {
      const int number = batch * kBatch + i;
      *request.add_contacts() =
          SampleContact(absl::StrCat(prefix, number), "ann", number % kMinutes);
    }
    v1::ImportContactsResponse response;
    if (!stream->Write(request) || !stream->Read(&response)) break;
    absl::MutexLock lock(&told.mutex);
    for (int i = 0; i < kBatch; ++i) {
      if (response.outcomes(i) == v1::IMPORT_OUTCOME_CREATED) {
        told.contacts.insert(request.contacts(i).external_id());
      }
    }
  }
  stream->Finish();
}

// One evaluation from contact to release; an error when the server went away.
absl::Status EvaluateOne(const Client& client, const v1::ScorecardVersion& version,
                         const std::string& external_id, Acknowledged& told) {
  v1::CreateContactRequest contact;
  *contact.mutable_contact() = SampleContact(external_id, "bob", 7);
  ASSIGN_OR_RETURN(v1::Contact stored, client.Call(&Monitoring::CreateContact, contact));
  {
    absl::MutexLock lock(&told.mutex);
    told.contacts.insert(external_id);
  }
  v1::CreateEvaluationRequest create;
  create.mutable_evaluation()->set_contact(stored.name());
  create.mutable_evaluation()->set_scorecard_version(version.name());
  create.mutable_evaluation()->set_evaluator("staff/olga");
  create.mutable_evaluation()->set_method(v1::EVALUATION_METHOD_RECORDED);
  ASSIGN_OR_RETURN(v1::Evaluation evaluation, client.Call(&Monitoring::CreateEvaluation, create));
  told.Reached(evaluation);
  v1::StartEvaluationRequest start;
  start.set_name(evaluation.name());
  ASSIGN_OR_RETURN(evaluation, client.Call(&Monitoring::StartEvaluation, start));
  told.Reached(evaluation);
  v1::SubmitEvaluationRequest submit;
  submit.set_name(evaluation.name());
  for (auto& answer : AnswerForm(version.content(), Marks::kWorst)) *submit.add_answers() = answer;
  ASSIGN_OR_RETURN(evaluation, client.Call(&Monitoring::SubmitEvaluation, submit));
  told.Reached(evaluation);
  v1::ReleaseEvaluationRequest release;
  release.set_name(evaluation.name());
  ASSIGN_OR_RETURN(evaluation, client.Call(&Monitoring::ReleaseEvaluation, release));
  told.Reached(evaluation);
  return absl::OkStatus();
}

template <typename Row, typename Request, typename Response, typename Rows>
std::vector<Row> All(const Client& client,
                     grpc::Status (Monitoring::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                     Rows rows) {
  std::vector<Row> all;
  Request request;
  request.set_page_size(1000);
  do {
    auto page = client.Call(method, request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    for (const Row& row : rows(*page)) all.push_back(row);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

struct Stored {
  size_t contacts = 0;
  size_t submitted = 0;
  size_t released = 0;
};

// Whether the store holds all that was told, and nothing half.
void CheckStore(const Client& client, Acknowledged& told, Stored& found) {
  absl::MutexLock lock(&told.mutex);
  auto stored = ListAll(client, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  std::map<std::string, int> times;
  for (const v1::Contact& contact : *stored) ++times[contact.external_id()];
  for (const auto& [external_id, count] : times) EXPECT_EQ(count, 1) << external_id;
  for (const std::string& external_id : told.contacts) {
    ASSERT_EQ(times.count(external_id), 1u) << external_id << " was acknowledged and is lost";
  }
  found = {.contacts = stored->size()};
  const auto evaluations = All<v1::Evaluation>(client, &Monitoring::ListEvaluations,
                                               [](const auto& page) { return page.evaluations(); });
  const auto notes =
      All<v1::ImprovementNote>(client, &Monitoring::ListImprovementNotes,
                               [](const auto& page) { return page.improvement_notes(); });
  std::map<std::string, v1::EvaluationState> states;
  for (const v1::Evaluation& evaluation : evaluations) {
    states[evaluation.name()] = evaluation.state();
  }
  for (const auto& [name, state] : told.evaluations) {
    ASSERT_EQ(states.count(name), 1u) << name;
    EXPECT_GE(states[name], state) << name;
  }
  // A release and its note are one commit.
  std::map<std::string, int> notes_of;
  for (const v1::ImprovementNote& note : notes) ++notes_of[note.evaluation()];
  for (const auto& [name, state] : states) {
    found.submitted += state >= v1::EVALUATION_STATE_SUBMITTED ? 1 : 0;
    found.released += state >= v1::EVALUATION_STATE_RELEASED ? 1 : 0;
    EXPECT_EQ(notes_of[name], state >= v1::EVALUATION_STATE_RELEASED ? 1 : 0) << name;
  }
}

TEST(KillTest, NothingAcknowledgedIsLostOrCountedTwice) {
  auto started = ServerProcess::Start();
  ASSERT_TRUE(started.ok()) << started.status();
  ServerProcess& server = **started;
  auto version = PublishTemplate(server, "contact-centre-call");
  ASSERT_TRUE(version.ok()) << version.status();
  const absl::CivilDay first_day(absl::ToCivilDay(absl::Now(), absl::UTCTimeZone()));
  std::mt19937 random(kSeed);
  Acknowledged told;
  Stored stored;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::thread> clients;
    for (int i = 0; i < 2; ++i) {
      clients.emplace_back([&, i] {
        Client client(server, As(auth::Role::kQaOfficer, "olga"));
        ImportUntilGone(client.Wait(false), absl::StrCat("i-", round, "-", i, "-"), told);
      });
      clients.emplace_back([&, i] {
        Client client(server, As(auth::Role::kQaOfficer, "olga"));
        client.Wait(false);
        for (int k = 0;
             EvaluateOne(client, *version, absl::StrCat("e-", round, "-", i, "-", k), told).ok();
             ++k) {
        }
      });
    }
    // Also on a busy machine every round has something to lose.
    told.AwaitEvaluations(static_cast<size_t>(round + 1) * kOfARound, absl::Seconds(20));
    absl::SleepFor(absl::Milliseconds(random() % 700));
    server.Kill();
    for (std::thread& client : clients) client.join();
    absl::Status restarted = server.Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
    Client reader(server, As(auth::Role::kManager));
    ASSERT_NO_FATAL_FAILURE(CheckStore(reader, told, stored));
  }
  EXPECT_GT(stored.contacts, 1000u);
  EXPECT_GT(stored.submitted, 10u);
  auto report = SettledReport(server, server, "2026-03-02");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->contacts().total(), static_cast<int64_t>(stored.contacts));
  // Evaluations count on the day they are submitted; the test may run past midnight.
  int64_t monitored = 0;
  int64_t notes = 0;
  const absl::CivilDay last_day(absl::ToCivilDay(absl::Now(), absl::UTCTimeZone()));
  for (absl::CivilDay day = first_day; day <= last_day; ++day) {
    auto today = SettledReport(server, server, absl::FormatCivilTime(day));
    ASSERT_TRUE(today.ok()) << today.status();
    monitored += today->monitoring().monitored();
    notes += today->notes().total();
  }
  EXPECT_EQ(monitored, static_cast<int64_t>(stored.submitted));
  EXPECT_EQ(notes, static_cast<int64_t>(stored.released));
}

}  // namespace
}  // namespace sqm::testing
