// The contracts of complaints: what its store holds and its methods.
#pragma once

#include <google/protobuf/descriptor.h>

#include <vector>

#include "sqm/complaints/v1/calendar.pb.h"
#include "sqm/complaints/v1/case.pb.h"
#include "sqm/complaints/v1/case_entry.pb.h"
#include "sqm/complaints/v1/category.pb.h"
#include "sqm/complaints/v1/cause.pb.h"
#include "sqm/complaints/v1/corrective_action.pb.h"
#include "sqm/complaints/v1/deadline_policy.pb.h"
#include "sqm/complaints/v1/disclosure.pb.h"
#include "sqm/complaints/v1/handler.pb.h"
#include "sqm/complaints/v1/reply_template.pb.h"

namespace sqm::complaints {

inline std::vector<const google::protobuf::FileDescriptor*> Contracts() {
  return {v1::Case::descriptor()->file(),
          v1::CaseEntry::descriptor()->file(),
          v1::Category::descriptor()->file(),
          v1::Cause::descriptor()->file(),
          v1::Calendar::descriptor()->file(),
          v1::DeadlinePolicy::descriptor()->file(),
          v1::DisclosurePanel::descriptor()->file(),
          v1::CorrectiveAction::descriptor()->file(),
          v1::Handler::descriptor()->file(),
          v1::ReplyTemplate::descriptor()->file(),
          google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
              "sqm/complaints/v1/complaints_service.proto")};
}

}  // namespace sqm::complaints
