// evaluate: a drawn sample of contacts, scored with made-up answers, for demonstrations.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "cli/commands/commands.h"
#include "cli/commands/parser.h"
#include "cli/sample/answers.h"
#include "cli/sample/draw.h"
#include "cli/schema/names.h"
#include "cli/text/progress.h"
#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/evaluation.pb.h"
#include "sqm/monitoring/v1/scorecard.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::Evaluation;

constexpr size_t kMostContacts = 200'000;  // of the frame that the sample is drawn from

struct EvaluateArguments {
  size_t sample = 50;
  uint64_t seed = 1;
  std::string scorecard;
  std::string date;
  bool simulated = false;
  std::vector<std::string> evaluators;
  int parallel = 8;
};

std::string Method(absl::string_view name) { return absl::StrCat(kMonitoring, name); }

// The pinned version: `scorecards/x/versions/3` itself, or the latest of `scorecards/x`.
bool LoadVersion(Context& context, const std::string& name,
                 monitoring::v1::ScorecardVersion& version) {
  std::string version_name = name;
  if (!absl::StrContains(name, "/versions/")) {
    monitoring::v1::GetScorecardRequest request;
    request.set_name(InCollection("scorecards", name));
    monitoring::v1::Scorecard scorecard;
    if (!context.Call(Method("GetScorecard"), request, scorecard)) return false;
    if (scorecard.latest_version() == 0) {
      context.UsageError(context.T(Text::kNotPublished, scorecard.name()));
      return false;
    }
    version_name = absl::StrCat(scorecard.name(), "/versions/", scorecard.latest_version());
  }
  monitoring::v1::GetScorecardVersionRequest request;
  request.set_name(version_name);
  return context.Call(Method("GetScorecardVersion"), request, version);
}

// The answered contacts (of the day, if given) that name an agent. False after a complaint.
bool LoadFrame(Context& context, const EvaluateArguments& arguments,
               std::vector<Candidate>& frame) {
  monitoring::v1::ListContactsRequest request;
  request.set_page_size(1000);
  request.set_order_by("start_time");
  std::string filter = "answer_state = ANSWER_STATE_ANSWERED";
  if (!arguments.date.empty()) {
    absl::CivilDay day;
    absl::TimeZone zone;
    if (!context.Zone(zone)) return false;
    if (!absl::ParseCivilTime(arguments.date, &day)) {
      context.UsageError(context.T(Text::kNotADate, arguments.date));
      return false;
    }
    const auto instant = [&](absl::CivilDay at) {
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromCivil(at, zone), absl::UTCTimeZone());
    };
    absl::StrAppend(&filter, " AND start_time >= \"", instant(day), "\" AND start_time < \"",
                    instant(day + 1), "\"");
  }
  request.set_filter(filter);
  do {
    monitoring::v1::ListContactsResponse page;
    if (!context.Call(Method("ListContacts"), request, page)) return false;
    for (const auto& contact : page.contacts()) {
      if (!contact.agent().empty()) frame.push_back({contact.name(), contact.agent()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && frame.size() < kMostContacts);
  if (!request.page_token().empty()) context.Note(context.T(Text::kFrameCut, kMostContacts));
  return true;
}

class Evaluator {
 public:
  Evaluator(Context& context, const EvaluateArguments& arguments,
            const monitoring::v1::ScorecardVersion& version, std::vector<Candidate> picks)
      : arguments_(arguments),
        version_(version),
        picks_(std::move(picks)),
        server_(*context.connection()),
        language_(context.language()),
        progress_(std::cerr, context.err(), SystemClock::Get(), context.language(),
                  context.T(Text::kEvaluating)) {}

  // Several evaluations in flight, each on its own thread from assignment to release.
  Failure Run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < arguments_.parallel; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    progress_.Finish();
    absl::MutexLock lock(&mutex_);
    return failure_;
  }

  struct Band {
    int64_t count = 0;
    double score_sum = 0;
  };
  std::map<std::string, Band> bands() {
    absl::MutexLock lock(&mutex_);
    return bands_;
  }
  int64_t found() const { return found_; }

 private:
  void Work() {
    RandomIds ids;
    for (size_t i = next_++; i < picks_.size() && !stop_; i = next_++) {
      Evaluation evaluation;
      const Failure failure = Score(i, ids, evaluation);
      absl::MutexLock lock(&mutex_);
      if (!failure.ok()) {
        if (failure_.ok()) failure_ = failure;
        stop_ = true;
        return;
      }
      Band& band = bands_[evaluation.band()];
      double score = 0;
      if (absl::SimpleAtod(evaluation.result().score(), &score)) band.score_sum += score;
      ++band.count;
      ++done_;
      progress_.Update(done_, static_cast<double>(done_) / static_cast<double>(picks_.size()));
    }
  }

  // All that is random about one evaluation comes from the seed and its contact.
  Draws DrawsOf(const Candidate& pick) const { return Draws(HashOf(arguments_.seed, pick.name)); }

  template <typename Request>
  Failure Step(const char* method, Request& request, IdSource& ids, Evaluation& evaluation) {
    FillRequestId(request, ids);
    Evaluation answer;
    const Failure failure = server_.Call(Method(method), request, answer);
    if (failure.ok()) evaluation = std::move(answer);
    return failure;
  }

  Failure Assign(size_t index, Draws& draws, IdSource& ids, Evaluation& evaluation) {
    const Candidate& pick = picks_[index];
    monitoring::v1::CreateEvaluationRequest request;
    request.set_evaluation_id(
        absl::StrCat("sim-", arguments_.seed, "-",
                     absl::AsciiStrToLower(pick.name.substr(pick.name.rfind('/') + 1)))
            .substr(0, 63));
    Evaluation& wanted = *request.mutable_evaluation();
    wanted.set_contact(pick.name);
    wanted.set_scorecard_version(version_.name());
    wanted.set_method(SimulatedMethod(draws));
    wanted.set_simulated(true);
    const size_t count = arguments_.evaluators.size();
    size_t turn = index % count;
    // Nobody scores himself.
    if (arguments_.evaluators[turn] == pick.agent) turn = (turn + 1) % count;
    wanted.set_evaluator(arguments_.evaluators[turn]);
    const Failure failure = Step("CreateEvaluation", request, ids, evaluation);
    if (failure.code != grpc::StatusCode::ALREADY_EXISTS) return failure;
    // An earlier run began it: go on from where it is.
    ++found_;
    monitoring::v1::GetEvaluationRequest get;
    get.set_name(absl::StrCat("evaluations/", request.evaluation_id()));
    return server_.Call(Method("GetEvaluation"), get, evaluation);
  }

  Failure Score(size_t index, IdSource& ids, Evaluation& evaluation) {
    const Candidate& pick = picks_[index];
    Draws draws = DrawsOf(pick);
    Failure failure = Assign(index, draws, ids, evaluation);
    const std::vector<monitoring::v1::Answer> answers = SimulateAnswers(
        version_.content(), SimulatedQuality(arguments_.seed, pick.agent), language_, draws);
    if (failure.ok() && evaluation.state() == monitoring::v1::EVALUATION_STATE_ASSIGNED) {
      monitoring::v1::StartEvaluationRequest request;
      request.set_name(evaluation.name());
      failure = Step("StartEvaluation", request, ids, evaluation);
    }
    if (failure.ok() && evaluation.state() == monitoring::v1::EVALUATION_STATE_IN_PROGRESS) {
      monitoring::v1::SubmitEvaluationRequest request;
      request.set_name(evaluation.name());
      request.mutable_answers()->Add(answers.begin(), answers.end());
      request.set_comment(Say(language_, Text::kSimulatedComment));
      failure = Step("SubmitEvaluation", request, ids, evaluation);
    }
    if (failure.ok() && evaluation.state() == monitoring::v1::EVALUATION_STATE_SUBMITTED) {
      monitoring::v1::ReleaseEvaluationRequest request;
      request.set_name(evaluation.name());
      failure = Step("ReleaseEvaluation", request, ids, evaluation);
    }
    return failure;
  }

  const EvaluateArguments& arguments_;
  const monitoring::v1::ScorecardVersion& version_;
  const std::vector<Candidate> picks_;
  const Connection& server_;
  const Language language_;
  Progress progress_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> found_{0};
  absl::Mutex mutex_;
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  Failure failure_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Band> bands_ ABSL_GUARDED_BY(mutex_);
};

void Run(Context& context, EvaluateArguments& arguments) {
  if (!arguments.simulated) {
    context.UsageError(context.T(Text::kOnlySimulated));
    return;
  }
  if (!context.TableOrData() || context.connection() == nullptr) return;
  if (arguments.evaluators.empty()) {
    const std::string staff = TokenClaim(context.connection()->login().token, "staff");
    arguments.evaluators = {InCollection("staff", staff.empty() ? "qa-officer" : staff)};
  }
  monitoring::v1::ScorecardVersion version;
  std::vector<Candidate> frame;
  if (!LoadVersion(context, arguments.scorecard, version) ||
      !LoadFrame(context, arguments, frame)) {
    return;
  }
  const size_t size = frame.size();
  std::vector<Candidate> picks = DrawByAgent(std::move(frame), arguments.sample, arguments.seed);
  if (picks.size() < arguments.sample) {
    context.Note(context.T(Text::kSampleShort, picks.size(), arguments.sample));
  }
  Evaluator evaluator(context, arguments, version, std::move(picks));
  const Failure failure = evaluator.Run();
  Table table({{context.T(Text::kBand)},
               {context.T(Text::kCount), Align::kRight},
               {context.T(Text::kMeanScore), Align::kRight}});
  int64_t total = 0;
  const bool chinese = context.language() == Language::kChinese;
  const auto bands = evaluator.bands();
  for (const auto& band : version.content().bands()) {
    const auto found = bands.find(band.code());
    if (found == bands.end()) continue;
    const std::string& label =
        chinese && !band.label().zh().empty() ? band.label().zh() : band.label().en();
    table.Add(
        {{context.wants_data() ? band.code() : label, band.passing() ? Tone::kGood : Tone::kBad},
         absl::StrCat(found->second.count),
         absl::StrFormat("%.2f",
                         found->second.score_sum / static_cast<double>(found->second.count))});
    total += found->second.count;
  }
  static constexpr const char* kKeys[] = {"band", "count", "mean_score"};
  context.PrintRows(table, kKeys);
  context.Note(context.T(Text::kEvaluated, total, size, evaluator.found()));
  if (!failure.ok()) context.Fail(failure);
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Context& context) {
  auto a = std::make_shared<EvaluateArguments>();
  CLI::App* c = app.add_subcommand("evaluate", context.T(Text::kHelpEvaluate));
  c->footer(context.T(Text::kExamples) + "\n" + context.T(Text::kExampleEvaluate));
  c->add_option("--sample", a->sample, context.T(Text::kHelpSampleSize))
      ->check(Between(context, 1, 100'000));
  c->add_option("--seed", a->seed, context.T(Text::kHelpSeedNumber));
  c->add_option("--scorecard", a->scorecard, context.T(Text::kHelpScorecard))->required();
  c->add_option("--date", a->date, context.T(Text::kHelpEvaluateDate));
  c->add_option("--evaluator", a->evaluators, context.T(Text::kHelpEvaluator));
  c->add_option("--parallel", a->parallel, context.T(Text::kHelpParallel))
      ->check(Between(context, 1, 64));
  c->add_flag("--simulated", a->simulated, context.T(Text::kHelpSimulated));
  c->callback([&context, a] { Run(context, *a); });
}

}  // namespace sqm::cli
