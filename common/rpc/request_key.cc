#include "common/rpc/request_key.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "common/base/digest.h"

namespace sqm::rpc {
namespace {

store::Hash128 HashOf(absl::string_view bytes) {
  const Digest digest = Sha256({bytes});
  store::Hash128 hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

// The first half of the UUID, then half a hash of all that the key stands for: ids that begin with
// the time (version 7) stay in order, so that remembering them touches few pages of the store.
store::Hash128 KeyOf(absl::string_view uuid, absl::string_view all) {
  store::Hash128 key = HashOf(all);
  std::string head = absl::HexStringToBytes(
      absl::StrCat(uuid.substr(0, 8), uuid.substr(9, 4), uuid.substr(14, 4)));
  std::copy(head.begin(), head.end(), key.begin());
  return key;
}

std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

store::Idempotency IdempotencyOf(absl::string_view request_id, absl::string_view tenant,
                                 absl::string_view subject, absl::string_view path,
                                 const google::protobuf::Message& request) {
  store::Idempotency idempotency;
  idempotency.key =
      KeyOf(request_id, absl::StrCat(tenant, "\n", subject, "\n", path, "\n", request_id));
  idempotency.payload = HashOf(Deterministic(request));
  return idempotency;
}

}  // namespace sqm::rpc
