#include "services/complaints/anonymise.h"

#include "common/base/proto_time.h"
#include "common/contract/redact.h"

namespace sqm::complaints {
namespace {

// Whether the text of an entry is about times or corrective actions alone.
bool KeepsText(const v1::CaseEntry& entry) {
  switch (entry.action()) {
    case v1::CASE_ACTION_WARN:
    case v1::CASE_ACTION_BREACH:
    case v1::CASE_ACTION_ESCALATE:
    case v1::CASE_ACTION_APPOINTMENT_PASSED:
    case v1::CASE_ACTION_APPOINTMENT_UNCONFIRMED:
    case v1::CASE_ACTION_RECOMPUTE:
    case v1::CASE_ACTION_ANONYMISE:
      return true;
    default:
      return !entry.corrective_action().empty();
  }
}

}  // namespace

void AnonymiseCase(const contract::ResourceType& type, absl::Time now, v1::Case& one) {
  contract::Erase(type, one);
  if (one.has_root_cause()) one.mutable_root_cause()->clear_whys();
  one.clear_customer_key();
  one.clear_receipt_hash();
  one.clear_unread_since();
  one.clear_import_digest();
  if (one.survey_state() != v1::SURVEY_STATE_ANSWERED) one.clear_survey_state();
  if (one.has_disclosure()) one.mutable_disclosure()->clear_receipt_hash();
  *one.mutable_anonymise_time() = ToTimestamp(now);
}

bool AnonymiseEntry(const contract::ResourceType& type, v1::CaseEntry& entry) {
  if (KeepsText(entry)) return false;
  const bool erased = contract::Erase(type, entry);
  const bool had_files = !entry.attachments().empty();
  entry.clear_attachments();
  return erased || had_files;
}

v1::CaseEntry AnonymisedEntry(const v1::Case& one) {
  v1::CaseEntry entry;
  entry.set_action(v1::CASE_ACTION_ANONYMISE);
  entry.set_from_state(one.state());
  entry.set_to_state(one.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  return entry;
}

}  // namespace sqm::complaints
