#include "services/complaints/case_timeline.h"

#include <cstdint>

#include "common/base/proto_time.h"

namespace sqm::complaints {

std::vector<TimelineEvent> TimelineOf(const v1::Case& one) {
  std::vector<TimelineEvent> timeline;
  bool waits_for_customer = false, waits_for_others = false;
  for (int i = 0; i < one.events_size(); ++i) {
    // An end whose time is not known decides nothing; that the customer was asked then, neither.
    const bool assumed = one.events(i).time_assumed();
    // The events of one step follow each other.
    int64_t sequence = int64_t{3} * i;
    const auto add = [&](CaseEventKind kind, PauseReasons ended = kPauseAll) {
      timeline.push_back({.time = FromTimestamp(one.events(i).time()),
                          .sequence = sequence++,
                          .kind = kind,
                          .ended = ended});
    };
    switch (one.events(i).action()) {
      case v1::CASE_ACTION_RECEIVE:
        add(CaseEventKind::kReceived);
        break;
      case v1::CASE_ACTION_ACKNOWLEDGE:
        add(CaseEventKind::kAcknowledged);
        break;
      case v1::CASE_ACTION_AGENT_MESSAGE:
      case v1::CASE_ACTION_CONFIRM:
        add(CaseEventKind::kAgentReplied);
        break;
      case v1::CASE_ACTION_CUSTOMER_MESSAGE:
        add(CaseEventKind::kCustomerWrote);
        break;
      case v1::CASE_ACTION_WAIT_CUSTOMER:
        if (waits_for_others) add(CaseEventKind::kResumed, kPauseThirdParty);
        if (!assumed) add(CaseEventKind::kAgentReplied);
        add(CaseEventKind::kWaitingCustomer);
        break;
      case v1::CASE_ACTION_WAIT_THIRD_PARTY:
        if (waits_for_customer) add(CaseEventKind::kResumed, kPauseCustomer);
        add(CaseEventKind::kWaitingThirdParty);
        break;
      case v1::CASE_ACTION_RESUME:
      case v1::CASE_ACTION_RETURN_RESPONSE:
        add(CaseEventKind::kResumed);
        break;
      case v1::CASE_ACTION_PROPOSE_RESPONSE:
        // Nobody has to decide on a draft that needs no approval.
        if (one.events(i).needs_approval() || !one.events(i).has_needs_approval()) {
          add(CaseEventKind::kResponseProposed);
        }
        break;
      case v1::CASE_ACTION_APPROVE_RESPONSE:
        add(CaseEventKind::kApproved);
        break;
      case v1::CASE_ACTION_REPLY:
      case v1::CASE_ACTION_ADOPT:
      case v1::CASE_ACTION_EXECUTE:
        add(CaseEventKind::kReplied);
        break;
      case v1::CASE_ACTION_CLOSE:
      case v1::CASE_ACTION_AUTO_CLOSE:
        add(assumed ? CaseEventKind::kWithdrawn : CaseEventKind::kClosed);
        break;
      case v1::CASE_ACTION_REOPEN:
      case v1::CASE_ACTION_NEXT_TIER:
        add(CaseEventKind::kReopened);
        break;
      case v1::CASE_ACTION_MERGE:
        add(CaseEventKind::kMerged);
        break;
      case v1::CASE_ACTION_WITHDRAW:
        add(CaseEventKind::kWithdrawn);
        break;
      case v1::CASE_ACTION_REJECT:
        add(assumed ? CaseEventKind::kWithdrawn : CaseEventKind::kRejected);
        break;
      default:
        break;
    }
    waits_for_customer = one.events(i).state() == v1::CASE_STATE_WAITING_CUSTOMER;
    waits_for_others = one.events(i).state() == v1::CASE_STATE_WAITING_THIRD_PARTY;
  }
  return timeline;
}

}  // namespace sqm::complaints
