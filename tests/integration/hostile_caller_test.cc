// Callers who are not who they say, calls that are none, calls without time.
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <atomic>
#include <thread>

#include "common/auth/issuer.h"
#include "tests/integration/hostile.h"

namespace sqm::testing {
namespace {

constexpr char kGetContact[] = "/sqm.monitoring.v1.MonitoringService/GetContact";
constexpr size_t kMegabyte = 1 << 20;

const Refusal kStranger = {absl::StatusCode::kUnauthenticated,
                           type::v1::ERROR_REASON_UNAUTHENTICATED};
const Refusal kMalformed = {absl::StatusCode::kInvalidArgument,
                            type::v1::ERROR_REASON_MALFORMED_REQUEST};

absl::Status ListWith(Client& client, const std::string& key, const std::string& value) {
  client.Set(key, value);
  return client.Call(&Monitoring::ListContacts, mv1::ListContactsRequest()).status();
}

std::string Claims(absl::Time expires) {
  return absl::StrCat(R"({"sub":"mallory","iss":"sqm-dev","aud":"sqm","roles":["manager"],"exp":)",
                      absl::ToUnixSeconds(expires), "}");
}

TEST_F(HostileTest, TokensThatAreNone) {
  const Caller manager = As(auth::Role::kManager);
  const auto wrong_key = auth::Issuer::Generate(auth::Algorithm::kEs256, {});
  ASSERT_TRUE(wrong_key.ok());
  const std::string claims = Claims(absl::Now() + absl::Hours(1));
  const std::string none = absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"none"})"), ".",
                                        absl::WebSafeBase64Escape(claims), ".");
  const auto other_audience =
      auth::Issuer::Open(server_->key_dir(), {.issuer = "sqm-dev", .audience = "bank"});
  ASSERT_TRUE(other_audience.ok()) << other_audience.status();
  const auto foreign = (*other_audience)
                           ->Mint({.subject = "m", .roles = auth::BitOf(auth::Role::kManager)},
                                  absl::Hours(1), absl::Now());
  ASSERT_TRUE(foreign.ok()) << foreign.status();
  std::string good = Authorization(server_->key_dir(), manager);
  std::string damaged = good;
  damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
  const std::string tokens[] = {
      "",  // none at all
      "Bearer",
      "Bearer ",
      "Bearer garbage",
      "Bearer a.b.c",
      absl::StrCat("Basic ", good.substr(7)),
      Authorization(server_->key_dir(), manager, absl::Now() - absl::Hours(3)),  // expired
      absl::StrCat("Bearer ", *(*wrong_key)->SignClaims(claims)),
      absl::StrCat("Bearer ", none),
      absl::StrCat("Bearer ", *foreign),
      damaged,
      absl::StrCat(good, "x"),
  };
  for (const std::string& token : tokens) {
    SCOPED_TRACE(token.substr(0, 40));
    ExpectRefused(
        manager, [&](Client& client) { return ListWith(client, "authorization", token); },
        kStranger);
  }
}

TEST_F(HostileTest, WrongTenantAndMissingPermission) {
  ExpectRefused(As(auth::Role::kManager),
                [](Client& client) { return ListWith(client, "sqm-tenant", "other"); },
                {absl::StatusCode::kPermissionDenied,
                 type::v1::ERROR_REASON_WRONG_TENANT,
                 {{"tenant", "other"}}});
  // A service may name any tenant, but not one that cannot be.
  Caller service = As(auth::Role::kService);
  service.tenant = "*";
  ExpectRefused(service,
                [](Client& client) { return ListWith(client, "sqm-tenant", "../default"); },
                {absl::StatusCode::kPermissionDenied, type::v1::ERROR_REASON_WRONG_TENANT});
  ExpectRefused(As(auth::Role::kGuard),
                [](Client& client) { return ListWith(client, "sqm-tenant", ""); },
                {absl::StatusCode::kPermissionDenied,
                 type::v1::ERROR_REASON_PERMISSION_DENIED,
                 {{"permission", "monitoring.contacts.read"}}});
  mv1::Contact contact = Store("t-1");
  Caller elsewhere = As(auth::Role::kManager);
  elsewhere.tenant = "elsewhere";
  ExpectRefused(
      elsewhere,
      [&](Client& client) {
        mv1::GetContactRequest request;
        request.set_name(contact.name());
        return client.Call(&Monitoring::GetContact, request).status();
      },
      {absl::StatusCode::kNotFound, type::v1::ERROR_REASON_NOT_FOUND, {{"name", contact.name()}}});
}

TEST_F(HostileTest, BytesThatAreNoRequest) {
  auto send = [](const std::string& method, const std::string& bytes) {
    return [method, bytes](Client& client) { return client.CallRaw(method, bytes).status(); };
  };
  // A field that promises more bytes than follow.
  ExpectRefused(send(kGetContact,
                     "\x0a\x20"
                     "contacts/a"),
                kMalformed);
  ExpectRefused(send(kGetContact, std::string("\x0a\x0b"
                                              "contacts/\xff\xfe",
                                              13)),
                kMalformed);
  ExpectRefused(send(kGetContact, std::string(1000, '\xff')), kMalformed);
  // Another method's message: its fields have other numbers and types.
  mv1::ListContactsRequest list;
  list.set_page_size(7);
  ExpectRefused(send(kGetContact, list.SerializeAsString()), Field("name"));
  ExpectRefused(send(kGetContact, ""), Field("name"));
  // Nesting deeper than the decoder goes.
  std::string nested;
  for (int i = 0; i < 200; ++i) nested = absl::StrCat("\x0b", nested, "\x0c");
  ExpectRefused(send(kGetContact, nested), kMalformed);
  const std::string large =
      absl::StrCat("\x0a\x81\x80\x80\x03", std::string(6 * kMegabyte + 1, 'x'));
  ExpectRefused(send(kGetContact, large), {absl::StatusCode::kResourceExhausted,
                                           type::v1::ERROR_REASON_TOO_LARGE,
                                           {{"limit", absl::StrCat(4 * kMegabyte)}}});
  // Beyond what the transport takes there are no details.
  EXPECT_EQ(officer_->CallRaw(kGetContact, std::string(65 * kMegabyte, 'x')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

// A few kilobytes unpack to gigabytes: nothing is unpacked, of strangers or of others.
TEST_F(HostileTest, PackedMessages) {
  mv1::ListContactsRequest list;
  list.set_filter(absl::StrCat("type = \"", std::string(1500, 'x'), "\""));
  mv1::ListContactsResponse page;
  for (grpc_compression_algorithm packed : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    auto context = officer_->Context();
    context->set_compression_algorithm(packed);
    EXPECT_EQ(officer_->monitoring().ListContacts(context.get(), list, &page).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  // Nor does it mix with the log, in which each line is an object.
  for (const absl::string_view line : absl::StrSplit(server_->Log(), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::StartsWith(line, "{") || absl::StartsWith(line, "ready")) << line;
  }
  auto plain = officer_->Context();
  EXPECT_TRUE(officer_->monitoring().ListContacts(plain.get(), list, &page).ok());
}

TEST_F(HostileTest, MethodsThatDoNotExist) {
  for (const std::string& method :
       {std::string("/sqm.monitoring.v1.MonitoringService/DropContacts"),
        std::string("/sqm.payroll.v1.PayrollService/GetSalary"), std::string("/x/y"),
        absl::StrCat("/", std::string(3000, 'm'), "/y")}) {
    ExpectRefused([&](Client& client) { return client.CallRaw(method, "").status(); },
                  {absl::StatusCode::kUnimplemented,
                   type::v1::ERROR_REASON_UNIMPLEMENTED,
                   {{"method", method.substr(0, 200)}}});
  }
  // Its error is one that every client can read.
  ExpectRefused([](Client& client) { return client.CallRaw("/x/\xff", "").status(); },
                {absl::StatusCode::kUnimplemented,
                 type::v1::ERROR_REASON_UNIMPLEMENTED,
                 {{"method", "/x/\xEF\xBF\xBD"}}});
}

TEST_F(HostileTest, MetadataWithoutEnd) {
  const Client plain(*server_, As(auth::Role::kQaOfficer));
  Client client(*server_, As(auth::Role::kQaOfficer));
  client.Set("x-padding", std::string(100 << 10, 'p'));
  auto page = client.Call(&Monitoring::ListContacts, mv1::ListContactsRequest());
  EXPECT_EQ(page.status().code(), absl::StatusCode::kResourceExhausted) << page.status();
  ExpectRefused([](Client& one) { return ListWith(one, "sqm-position", "yesterday"); }, kMalformed);
  ExpectRefused([](Client& one) { return ListWith(one, "sqm-position", "999999999"); },
                {absl::StatusCode::kUnavailable,
                 type::v1::ERROR_REASON_UNAVAILABLE,
                 {{"position", "999999999"}}});
  // What only informs is never a reason to refuse.
  Client odd(*server_, As(auth::Role::kQaOfficer));
  odd.Set("traceparent", "00-zz-zz-zz").Set("accept-language", "tlh;q=nan,*");
  EXPECT_TRUE(odd.Call(&Monitoring::ListContacts, mv1::ListContactsRequest()).ok());
}

TEST_F(HostileTest, CallsWithoutTime) {
  Client hurried(*server_, As(auth::Role::kQaOfficer));
  ASSERT_TRUE(hurried.Call(&Monitoring::ListContacts, mv1::ListContactsRequest()).ok());
  hurried.Patience(-absl::Seconds(1));
  mv1::CreateContactRequest request;
  *request.mutable_contact() = SampleContact("late", "ann");
  EXPECT_EQ(hurried.Call(&Monitoring::CreateContact, request).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  auto stored = ListAll(*officer_, "external_id = late");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_TRUE(stored->empty());
  // So little that it runs out on the way, here or there: done as a whole, or not at all.
  for (int i = 0; i < 50; ++i) {
    hurried.Patience(absl::Microseconds(100 * i));
    *request.mutable_contact() = SampleContact(absl::StrCat("hurry-", i), "ann");
    auto contact = hurried.Call(&Monitoring::CreateContact, request);
    if (contact.ok()) continue;
    EXPECT_EQ(contact.status().code(), absl::StatusCode::kDeadlineExceeded) << contact.status();
  }
}

// Cancelled at any moment: everything of a write, or nothing of it.
TEST_F(HostileTest, CancelledMidway) {
  auto version = PublishTemplate(*server_, "process-audit");
  ASSERT_TRUE(version.ok()) << version.status();
  const std::string scorecard = "scorecards/process-audit";
  Client manager(*server_, As(auth::Role::kManager));
  auto cancel_after = [](grpc::ClientContext& context, absl::Duration delay) {
    return std::thread([&context, delay] {
      absl::SleepFor(delay);
      context.TryCancel();
    });
  };
  for (int i = 0; i < 30; ++i) {
    auto context = manager.Context();
    std::thread canceller = cancel_after(*context, absl::Microseconds(150 * i));
    mv1::PublishScorecardRequest request;
    request.set_name(scorecard);
    mv1::ScorecardVersion response;
    manager.monitoring().PublishScorecard(context.get(), request, &response);
    canceller.join();
  }
  for (int i = 0; i < 8; ++i) {
    mv1::BatchCreateContactsRequest batch;
    for (int k = 0; k < 1000; ++k) {
      mv1::Contact* contact = batch.add_requests()->mutable_contact();
      *contact = SampleContact(absl::StrCat("cancel-", i, "-", k), "ann");
      contact->set_type(absl::StrCat("cancel-", i));
    }
    auto context = officer_->Context();
    std::thread canceller = cancel_after(*context, absl::Milliseconds(4 * i));
    mv1::BatchCreateContactsResponse response;
    officer_->monitoring().BatchCreateContacts(context.get(), batch, &response);
    canceller.join();
  }
  absl::SleepFor(absl::Milliseconds(500));  // what was under way ends
  mv1::GetScorecardRequest get;
  get.set_name(scorecard);
  auto now = officer_->Call(&Monitoring::GetScorecard, get);
  ASSERT_TRUE(now.ok()) << now.status();
  mv1::ListScorecardVersionsRequest list;
  list.set_parent(scorecard);
  list.set_page_size(1000);
  auto versions = officer_->Call(&Monitoring::ListScorecardVersions, list);
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->scorecard_versions_size(), now->latest_version());
  for (int i = 0; i < 8; ++i) {
    auto contacts = ListAll(*officer_, absl::StrCat("type = cancel-", i));
    ASSERT_TRUE(contacts.ok()) << contacts.status();
    EXPECT_TRUE(contacts->empty() || contacts->size() == 1000) << contacts->size();
  }
}

}  // namespace
}  // namespace sqm::testing
