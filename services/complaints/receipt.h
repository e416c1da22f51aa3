// Receipts: secrets that open a case to who holds them, of which the service keeps a hash.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "sqm/complaints/v1/case.pb.h"

namespace sqm::complaints {

// What a receipt is to open.
enum class ReceiptOf { kCase, kDisclosure, kEither };

// 160 random bits, as people can write them down.
absl::StatusOr<std::string> NewReceipt();
// SHA-256 of number and secret: what is kept of a receipt.
std::string ReceiptHash(absl::string_view number, absl::string_view receipt);
// Whether somebody may hold a receipt of it.
bool HasReceipt(const v1::Case& one);
// Whether who brought it is known by its receipt alone. That leads on to no other case, for who
// brought the other may be somebody else.
bool IsOfNobodyKnown(const v1::Case& one);
// Whether the receipt is the case's, in a time that does not tell how near it was.
bool IsReceiptOf(const v1::Case& one, absl::string_view receipt);

}  // namespace sqm::complaints
