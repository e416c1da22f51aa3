#include "services/monitoring/scorecard_rules.h"

#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "services/monitoring/content_rules.h"
#include "services/monitoring/states.h"

namespace sqm::monitoring {
namespace {

// Where a scorecard stands in a request that creates or changes it.
constexpr absl::string_view kRequested = "scorecard.";

// States that a scorecard may move to from where it is.
absl::string_view AllowedNext(v1::ScorecardState state) {
  switch (state) {
    case v1::SCORECARD_STATE_DRAFT:
      return "PUBLISHED";
    case v1::SCORECARD_STATE_PUBLISHED:
      return "PUBLISHED,RETIRED";
    default:
      return "";
  }
}

absl::Status Refuse(const v1::Scorecard& scorecard, absl::string_view attempted) {
  return WrongState(scorecard.name(), StateName(scorecard.state()), AllowedNext(scorecard.state()),
                    attempted);
}

}  // namespace

absl::Status ValidateScorecard(const v1::Scorecard& scorecard, absl::string_view within) {
  if (scorecard.title().en().empty() && scorecard.title().zh().empty()) {
    return InvalidField(absl::StrCat(within, "title"), "must be given in English or Chinese");
  }
  return ValidateContent(scorecard.content(), within);
}

absl::Status BeginScorecard(v1::Scorecard& scorecard) {
  if (absl::Status status = ValidateScorecard(scorecard, kRequested); !status.ok()) return status;
  scorecard.set_state(v1::SCORECARD_STATE_DRAFT);
  scorecard.set_latest_version(0);
  return absl::OkStatus();
}

absl::Status CheckScorecardUpdate(const v1::Scorecard& current, const v1::Scorecard& changed) {
  if (current.state() == v1::SCORECARD_STATE_RETIRED) return Refuse(current, "update");
  return ValidateScorecard(changed, kRequested);
}

absl::Status CheckScorecardDelete(const v1::Scorecard& scorecard) {
  if (scorecard.state() != v1::SCORECARD_STATE_DRAFT) return Refuse(scorecard, "delete");
  return absl::OkStatus();
}

absl::StatusOr<v1::ScorecardVersion> PublishScorecard(v1::Scorecard& scorecard,
                                                      absl::string_view publisher,
                                                      absl::string_view change_note,
                                                      absl::Time now) {
  if (scorecard.state() != v1::SCORECARD_STATE_DRAFT &&
      scorecard.state() != v1::SCORECARD_STATE_PUBLISHED) {
    return Refuse(scorecard, "publish");
  }
  // Checked again: the rules may have become stricter since it was written.
  if (absl::Status status = ValidateScorecard(scorecard); !status.ok()) return status;
  scorecard.set_state(v1::SCORECARD_STATE_PUBLISHED);
  scorecard.set_latest_version(scorecard.latest_version() + 1);

  v1::ScorecardVersion version;
  version.set_name(absl::StrCat(scorecard.name(), "/versions/", scorecard.latest_version()));
  version.set_number(scorecard.latest_version());
  *version.mutable_title() = scorecard.title();
  version.set_subject(scorecard.subject());
  *version.mutable_content() = scorecard.content();
  version.set_change_note(std::string(change_note));
  version.set_publisher(std::string(publisher));
  *version.mutable_create_time() = ToTimestamp(now);
  *version.mutable_update_time() = ToTimestamp(now);
  return version;
}

absl::Status RetireScorecard(v1::Scorecard& scorecard) {
  if (scorecard.state() != v1::SCORECARD_STATE_PUBLISHED) return Refuse(scorecard, "retire");
  scorecard.set_state(v1::SCORECARD_STATE_RETIRED);
  return absl::OkStatus();
}

}  // namespace sqm::monitoring
