#include "services/complaints/disclosure_rules.h"

#include <absl/algorithm/container.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include "common/base/proto_time.h"
#include "common/base/status.h"
#include "common/base/task.h"
#include "services/complaints/case_deadlines.h"

namespace sqm::complaints {
namespace {

absl::Status CheckIsDisclosure(const v1::Case& one) {
  if (one.has_disclosure()) return absl::OkStatus();
  return RuleViolated("not-a-disclosure", absl::StrCat(one.name(), " is no disclosure"));
}

// Says who became a reader, or is one no longer.
v1::CaseEntry ReadersEntry(v1::Case& one, v1::CaseAction action, absl::string_view reason,
                           const Actor& actor) {
  one.set_restricted_to(RestrictedTo(one.disclosure()));
  v1::CaseEntry entry;
  entry.set_action(action);
  entry.set_from_state(one.state());
  entry.set_to_state(one.state());
  entry.set_visibility(v1::ENTRY_VISIBILITY_INTERNAL);
  entry.set_text(std::string(reason));
  entry.set_author(actor.staff);
  return entry;
}

}  // namespace

absl::Status ValidateDisclosure(const v1::SubmitDisclosureRequest& request) {
  FieldErrors errors;
  if (absl::StripAsciiWhitespace(request.subject()).empty()) {
    errors.Add("subject", "must say what it is about");
  }
  if (absl::StripAsciiWhitespace(request.text()).empty()) {
    errors.Add("text", "must say what is disclosed");
  }
  return errors.ToStatus();
}

v1::Case DisclosureCase(const v1::SubmitDisclosureRequest& request,
                        const v1::DisclosurePanel& panel) {
  v1::Case one;
  one.set_kind(v1::CASE_KIND_DISCLOSURE);
  one.set_channel(request.channel());
  one.set_subject(request.subject());
  one.set_text(request.text());
  one.set_place(request.place());
  *one.mutable_named_staff() = request.named_staff();
  v1::DisclosureDetails& disclosure = *one.mutable_disclosure();
  for (const std::string& member : panel.members()) {
    // Nobody reads what is said about himself.
    if (absl::c_linear_search(request.named_staff(), member)) continue;
    if (!absl::c_linear_search(disclosure.readers(), member)) disclosure.add_readers(member);
  }
  one.set_restricted_to(RestrictedTo(disclosure));
  return one;
}

std::string RestrictedTo(const v1::DisclosureDetails& disclosure) {
  std::string text = "|";
  for (const std::string& reader : disclosure.readers()) absl::StrAppend(&text, reader, "|");
  return text;
}

v1::TrackDisclosureResponse Told(const v1::Case& one, const v1::Case& goes_on_in,
                                 absl::Span<const v1::CaseEntry* const> entries, absl::Time now) {
  v1::TrackDisclosureResponse told;
  told.set_number(one.number());
  told.set_state(goes_on_in.state());
  *told.mutable_received_time() = one.received_time();
  if (const auto due = AnswerDue(goes_on_in, now)) *told.mutable_due_time() = ToTimestamp(*due);
  told.set_outcome(goes_on_in.outcome());
  for (const v1::CaseEntry* entry : entries) {
    if (entry->visibility() != v1::ENTRY_VISIBILITY_PUBLIC || entry->text().empty()) continue;
    v1::DisclosureMessage& message = *told.add_messages();
    *message.mutable_time() = entry->create_time();
    message.set_action(entry->action());
    message.set_text(entry->text());
  }
  return told;
}

Entry GrantAccess(v1::Case& one, absl::string_view reader, absl::string_view reason,
                  const Actor& actor) {
  RETURN_IF_ERROR(CheckIsDisclosure(one));
  if (absl::c_linear_search(one.named_staff(), reader)) {
    return RuleViolated("reader-is-named", absl::StrCat("it names ", reader), {{"reader", reader}});
  }
  v1::DisclosureDetails& disclosure = *one.mutable_disclosure();
  if (absl::c_linear_search(disclosure.readers(), reader)) {
    return RuleViolated("already-a-reader", absl::StrCat(reader, " may see it already"),
                        {{"reader", reader}});
  }
  if (disclosure.readers_size() >= kMaxReaders) {
    return RuleViolated("too-many-readers", absl::StrCat("it has ", kMaxReaders, " readers"));
  }
  if (RestrictedTo(disclosure).size() + reader.size() + 1 > kMaxReadersBytes) {
    return RuleViolated("too-many-readers", absl::StrCat("the names of its readers come to ",
                                                         kMaxReadersBytes, " bytes"));
  }
  disclosure.add_readers(std::string(reader));
  v1::CaseEntry entry = ReadersEntry(one, v1::CASE_ACTION_GRANT_ACCESS, reason, actor);
  AddChange(entry, "disclosure.readers", "", reader);
  return entry;
}

Entry RevokeAccess(v1::Case& one, absl::string_view reader, absl::string_view reason,
                   const Actor& actor) {
  RETURN_IF_ERROR(CheckIsDisclosure(one));
  auto& readers = *one.mutable_disclosure()->mutable_readers();
  const auto found = absl::c_find(readers, reader);
  if (found == readers.end()) {
    return RuleViolated("not-a-reader", absl::StrCat(reader, " may not see this disclosure"),
                        {{"reader", reader}});
  }
  if (one.owner() == reader && IsOpen(one.state())) {
    return RuleViolated("reader-owns-it", absl::StrCat(reader, " handles it"),
                        {{"reader", reader}});
  }
  if (readers.size() == 1) {
    return RuleViolated("last-reader", absl::StrCat("nobody but ", reader, " may see it"),
                        {{"reader", reader}});
  }
  readers.erase(found);
  v1::CaseEntry entry = ReadersEntry(one, v1::CASE_ACTION_REVOKE_ACCESS, reason, actor);
  AddChange(entry, "disclosure.readers", reader, "");
  if (one.owner() == reader) {
    // Taken up again it is nobody's.
    AddChange(entry, "owner", reader, "");
    one.add_handled_by(std::string(reader));
    one.clear_owner();
  }
  return entry;
}

absl::Status CheckActionStaysVisible(const v1::Case& one, const v1::CorrectiveAction& action) {
  const bool over = action.state() >= v1::CORRECTIVE_ACTION_STATE_VERIFIED;
  if (over || absl::c_linear_search(one.disclosure().readers(), action.owner())) {
    return absl::OkStatus();
  }
  return RuleViolated("reader-owns-it",
                      absl::StrCat(action.owner(), " carries out ", action.name()),
                      {{"reader", action.owner()}});
}

absl::Status CheckNamed(const v1::Case& before, const v1::Case& after) {
  for (const std::string& staff : after.named_staff()) {
    if (absl::c_linear_search(before.named_staff(), staff)) continue;
    if (!absl::c_linear_search(after.disclosure().readers(), staff)) continue;
    return RuleViolated("named-is-reader",
                        absl::StrCat(staff, " may see it, and nobody reads what is said of him"),
                        {{"reader", staff}});
  }
  return absl::OkStatus();
}

}  // namespace sqm::complaints
