// Rows of an import, and the cases that come of them.
#pragma once

#include <gtest/gtest.h>

#include "services/complaints/case_import.h"
#include "tests/unit/complaints/samples.h"

namespace sqm::complaints {

inline google::protobuf::Timestamp HoursFromNow(double hours) {
  return ToTimestamp(kNow + absl::Hours(hours));
}

// A complaint of 100 hours ago.
inline v1::ImportedCase Row(v1::CaseState state = v1::CASE_STATE_CLOSED) {
  v1::ImportedCase row;
  v1::Case& one = *row.mutable_case_();
  one.set_external_id("311-1");
  one.set_kind(v1::CASE_KIND_COMPLAINT);
  one.set_channel(v1::CASE_CHANNEL_PHONE);
  one.set_subject("Noise");
  *one.mutable_received_time() = HoursFromNow(-100);
  row.set_state(state);
  return row;
}

inline v1::Case Taken(const v1::ImportedCase& row, const v1::Category* category = nullptr) {
  v1::Case one = row.case_();
  EXPECT_TRUE(ValidateImport(row, kNow).ok()) << ValidateImport(row, kNow);
  TakeOver(row, category, kNow, one);
  return one;
}

}  // namespace sqm::complaints
