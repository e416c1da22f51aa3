#include "services/complaints/receipt.h"

#include <absl/strings/escaping.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/base/digest.h"

namespace sqm::complaints {
namespace {

const std::string& HashOf(const v1::Case& one) {
  return one.has_disclosure() ? one.disclosure().receipt_hash() : one.receipt_hash();
}

}  // namespace

absl::StatusOr<std::string> NewReceipt() {
  unsigned char bytes[20];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
    return absl::InternalError("the system gives no random bytes");
  }
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), sizeof(bytes)));
}

std::string ReceiptHash(absl::string_view number, absl::string_view receipt) {
  return std::string(BytesOf(Sha256({number, "\n", receipt})));
}

bool HasReceipt(const v1::Case& one) { return !HashOf(one).empty(); }

bool IsOfNobodyKnown(const v1::Case& one) {
  return one.has_disclosure() || one.customer_key().empty();
}

bool IsReceiptOf(const v1::Case& one, absl::string_view receipt) {
  const std::string& kept = HashOf(one);
  const std::string given = ReceiptHash(one.number(), receipt);
  return kept.size() == given.size() && CRYPTO_memcmp(kept.data(), given.data(), given.size()) == 0;
}

}  // namespace sqm::complaints
