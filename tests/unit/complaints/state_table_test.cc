// Every step that a case may take, as one text: what differs from it was meant to, or is a fault.
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "services/complaints/case_states.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {
namespace {

// Kinds: Complaint, Suggestion, Praise, service Request, Appointment, Disclosure. Then the state
// that the step leads to, `-` where that is the present one, and who may take it: anyone whom the
// permission lets in; a handler, who is the owner or oversees; the owner alone. What is not listed
// is refused as of a wrong state, whoever asks.
constexpr char kTable[] = R"(
RECEIVED
  CSPRAD ACKNOWLEDGED anyone: ACKNOWLEDGE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSRAD REJECTED anyone: REJECT
  CSPRAD MERGED anyone: MERGE
  A CONFIRMED anyone: CONFIRM
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
  CSPRAD - anyone: CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
ACKNOWLEDGED
  CSPRAD CLASSIFIED anyone: CLASSIFY
  P CLOSED anyone: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSRAD REJECTED anyone: REJECT
  CSPRAD MERGED anyone: MERGE
  A CONFIRMED anyone: CONFIRM
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
  CSPRAD - anyone: CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
CLASSIFIED
  CSPRAD - anyone: CLASSIFY CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRAD ASSIGNED anyone: ASSIGN
  P CLOSED anyone: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSRAD REJECTED anyone: REJECT
  CSPRAD MERGED anyone: MERGE
  A CONFIRMED anyone: CONFIRM
  S ADOPTED anyone: ADOPT
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
ASSIGNED
  CSPRAD - anyone: CLASSIFY ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRAD CLASSIFIED owner: REFUSE_ASSIGNMENT
  CSRD INVESTIGATING handler: START
  P REPLIED handler: REPLY
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSRAD REJECTED anyone: REJECT
  CSPRAD MERGED anyone: MERGE
  A CONFIRMED anyone: CONFIRM
  S ADOPTED anyone: ADOPT
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
INVESTIGATING
  CSPRAD - anyone: CLASSIFY ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD WAITING_CUSTOMER handler: WAIT_CUSTOMER
  CSRD WAITING_THIRD_PARTY handler: WAIT_THIRD_PARTY
  CSRD RESPONSE_PROPOSED handler: PROPOSE_RESPONSE
  SR REPLIED handler: REPLY
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSRD REJECTED anyone: REJECT
  CSPRAD MERGED anyone: MERGE
  S ADOPTED anyone: ADOPT
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
WAITING_CUSTOMER
  CSPRAD - anyone: CLASSIFY ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD WAITING_THIRD_PARTY handler: WAIT_THIRD_PARTY
  CSRD INVESTIGATING handler: RESUME
  CSRD CLOSED anyone: AUTO_CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
  CSRD - anyone: AUTO_CLOSE_NOTICE
WAITING_THIRD_PARTY
  CSPRAD - anyone: CLASSIFY ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD WAITING_CUSTOMER handler: WAIT_CUSTOMER
  CSRD INVESTIGATING handler: RESUME
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
RESPONSE_PROPOSED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD APPROVED anyone: APPROVE_RESPONSE
  CSRD INVESTIGATING anyone: RETURN_RESPONSE
  CSRD REPLIED handler: REPLY
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
APPROVED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD REPLIED handler: REPLY
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
REPLIED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRD CLOSED handler: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CRD REOPENED anyone: NEXT_TIER
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
REOPENED
  CSPRAD - anyone: CLASSIFY CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRAD ASSIGNED anyone: ASSIGN
  CSRD INVESTIGATING handler: START
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
CONFIRMED
  CSPRAD - anyone: CLASSIFY ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  A - anyone: CONFIRM PREPARE
  A EXECUTED anyone: EXECUTE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
PREPARED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CSPRAD MERGED anyone: MERGE
  A CONFIRMED anyone: CONFIRM
  A - anyone: PREPARE
  A EXECUTED anyone: EXECUTE
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
EXECUTED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  A CLOSED handler: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
ADOPTED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  S REPLIED handler: REPLY
  S CLOSED handler: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  S REWARDED anyone: REWARD
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
REWARDED
  CSPRAD - anyone: ASSIGN CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  S REPLIED handler: REPLY
  S CLOSED handler: CLOSE
  CSPRAD WITHDRAWN anyone: WITHDRAW
  CR - handler: REQUEST_COMPENSATION
  CR - anyone: APPROVE_COMPENSATION REFUSE_COMPENSATION
CLOSED
  CSRD REOPENED anyone: REOPEN
  CRD REOPENED anyone: NEXT_TIER
  CSPRAD ARCHIVED anyone: ARCHIVE
  CSPRAD - anyone: RECORD_SATISFACTION CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ADD_CORRECTIVE_ACTION ISSUE_RECEIPT
  CSRD - anyone: FOLLOW_UP
WITHDRAWN
  CSRD REOPENED anyone: REOPEN
  CSPRAD ARCHIVED anyone: ARCHIVE
  CSPRAD - anyone: CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ISSUE_RECEIPT
  CSRD - anyone: FOLLOW_UP
REJECTED
  CSRD REOPENED anyone: REOPEN
  CRD REOPENED anyone: NEXT_TIER
  CSPRAD ARCHIVED anyone: ARCHIVE
  CSPRAD - anyone: CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ISSUE_RECEIPT
  CSRD - anyone: FOLLOW_UP
MERGED
  CSPRAD ARCHIVED anyone: ARCHIVE
  CSPRAD - anyone: CUSTOMER_MESSAGE AGENT_MESSAGE NOTE ISSUE_RECEIPT
ARCHIVED
  CSRD - anyone: FOLLOW_UP
)";

// What the customer may be shown.
constexpr char kPublic[] = R"(
RECEIVE
ACKNOWLEDGE
WAIT_CUSTOMER
REPLY
AUTO_CLOSE
WITHDRAW
REJECT
CONFIRM
CUSTOMER_MESSAGE
AGENT_MESSAGE
AUTO_CLOSE_NOTICE
)";

std::string Kinds(int set) {
  std::string text;
  for (int kind = v1::CaseKind_MIN + 1; kind <= v1::CaseKind_MAX; ++kind) {
    if ((set >> kind & 1) != 0) text += "?CSPRAD"[kind];
  }
  return text;
}

// Who may take the step; empty where nobody may.
std::string WhoMay(const v1::Case& one, v1::CaseAction action) {
  const Actor other = {"staff/otto", auth::BitOf(auth::Role::kAgent)};
  std::string answers;
  for (const Actor& actor : {kAgent, kLead, other}) {
    const absl::Status status = CheckStep(one, action, actor);
    absl::StrAppend(&answers, answers.empty() ? "" : " ",
                    status.ok() ? "yes"
                    : ReasonOf(status) == type::v1::ERROR_REASON_WRONG_STATE
                        ? "no"
                        : MetadataOf(status, "rule"));
  }
  static const std::map<std::string, std::string> kWho = {
      {"yes yes yes", "anyone"},
      {"yes yes not-the-owner", "handler"},
      {"yes not-the-owner not-the-owner", "owner"},
      {"no no no", ""},
  };
  const auto found = kWho.find(answers);
  return found == kWho.end() ? answers : found->second;
}

TEST(StateTable, EveryStepOfEveryKind) {
  std::string table = "\n";
  for (int state = v1::CaseState_MIN + 1; state <= v1::CaseState_MAX; ++state) {
    if (!v1::CaseState_IsValid(state)) continue;
    absl::StrAppend(&table, StateName(static_cast<v1::CaseState>(state)), "\n");
    // By action, in the order of the enum, and what becomes of it: the kinds.
    std::map<std::tuple<int, std::string, std::string>, int> steps;
    for (int kind = v1::CaseKind_MIN + 1; kind <= v1::CaseKind_MAX; ++kind) {
      v1::Case one = In(static_cast<v1::CaseState>(state), static_cast<v1::CaseKind>(kind));
      one.set_owner(kAgent.staff);
      // Of nobody who is known, and with a receipt: that takes messages longest.
      one.clear_customer_key();
      one.set_receipt_hash("hash");
      for (int action = v1::CaseAction_MIN + 1; action <= v1::CaseAction_MAX; ++action) {
        if (!v1::CaseAction_IsValid(action)) continue;
        const auto step = static_cast<v1::CaseAction>(action);
        const std::string who = WhoMay(one, step);
        const v1::CaseState to = StateAfter(one, step);
        if (who.empty()) {
          EXPECT_EQ(to, state) << "what is refused leads nowhere";
          continue;
        }
        steps[{action, to == state ? "-" : StateName(to), who}] |= 1 << kind;
      }
    }
    // Those of the same kinds, state and people on a line.
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& [step, kinds] : steps) {
      const auto& [action, to, who] = step;
      const std::string head = absl::StrCat(Kinds(kinds), " ", to, " ", who);
      auto line = std::find_if(lines.begin(), lines.end(),
                               [&](const auto& known) { return known.first == head; });
      if (line == lines.end()) line = lines.insert(lines.end(), {head, ""});
      absl::StrAppend(&line->second, " ", ActionName(static_cast<v1::CaseAction>(action)));
    }
    for (const auto& [head, actions] : lines)
      absl::StrAppend(&table, "  ", head, ":", actions, "\n");
  }
  EXPECT_TRUE(table == kTable) << "the table is now" << table;
}

TEST(StateTable, WhatTheCustomerIsShown) {
  std::string shown = "\n";
  for (int action = v1::CaseAction_MIN; action <= v1::CaseAction_MAX; ++action) {
    if (!v1::CaseAction_IsValid(action)) continue;
    const auto step = static_cast<v1::CaseAction>(action);
    if (IsPublic(step)) absl::StrAppend(&shown, ActionName(step), "\n");
  }
  EXPECT_TRUE(shown == kPublic) << "shown is now" << shown;
}

}  // namespace
}  // namespace sqm::complaints
