// Connection strings that name several hosts.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "common/base/steady_wait.h"
#include "common/store/postgres/connection.h"
#include "common/store/postgres/hosts.h"
#include "tests/support/postgres_server.h"

namespace sqm::store {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Hosts(const std::string& conninfo) {
  const auto hosts = HostsOf(conninfo);
  EXPECT_TRUE(hosts.ok()) << hosts.status();
  std::vector<std::string> texts;
  if (!hosts.ok()) return texts;
  for (const PgHost& host : *hosts)
    texts.push_back(absl::StrJoin(host, " ", absl::PairFormatter("=")));
  return texts;
}

TEST(PostgresHosts, AreTakenApart) {
  EXPECT_THAT(Hosts("user=sqm"), ElementsAre("user=sqm"));
  EXPECT_THAT(Hosts("host=/run user=sqm"), ElementsAre("user=sqm host=/run"));
  EXPECT_THAT(Hosts("host=a,b port=1 user=sqm"),
              ElementsAre("user=sqm host=a port=1", "user=sqm host=b port=1"));
  EXPECT_THAT(Hosts("postgresql://sqm@a:1,b:2/db"),
              ElementsAre("user=sqm dbname=db host=a port=1", "user=sqm dbname=db host=b port=2"));
  EXPECT_THAT(Hosts("host=a,b hostaddr=10.0.0.1,10.0.0.2"),
              ElementsAre("host=a hostaddr=10.0.0.1", "host=b hostaddr=10.0.0.2"));
}

TEST(PostgresHosts, AWrongStringIsToldSo) {
  EXPECT_TRUE(absl::IsUnavailable(HostsOf("host").status()));
  EXPECT_TRUE(absl::IsUnavailable(HostsOf("host=a,b,c port=1,2").status()));
  EXPECT_TRUE(absl::IsUnavailable(HostsOf("host=a,b hostaddr=10.0.0.1").status()));
}

TEST(PostgresHosts, AWrongStringIsNotRepeated) {
  for (const char* conninfo :
       {"user=sqm password=my hunter2 host=a", "password=my hunter2=x", "password='hunter2",
        "postgresql://sqm:hunter2%00@a/db", "postgresql://sqm@a/db?password=my&hunter2",
        "postgresql://sqm@[hunter2", "postgresql://sqm:a\"hunter2%00@a"}) {
    const absl::Status status = HostsOf(conninfo).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << conninfo;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("hunter2")));
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("cannot be read"));
  }
}

// Takes connections and says nothing, as a host that lost its power.
class SilentHost {
 public:
  SilentHost() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(socket_, 10) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      abort();
    }
    port_ = ntohs(address.sin_port);
  }
  ~SilentHost() { close(socket_); }
  int port() const { return port_; }
  // Whether somebody has connected since it was asked last.
  bool WasTried() {
    const int taken = accept(socket_, nullptr, nullptr);
    if (taken >= 0) close(taken);
    return taken >= 0;
  }

 private:
  const int socket_;
  int port_ = 0;
};

TEST(PostgresHosts, OneThatIsSilentHidesNoOther) {
  if (!testing::PostgresServer::Available()) GTEST_SKIP() << "no PostgreSQL server is installed";
  SilentHost silent;
  const std::string socket = testing::PostgresServer::Shared().socket();
  PgConnectionOptions options;
  options.conninfo = absl::StrCat("host=127.0.0.1,", socket.substr(0, socket.rfind('/')),
                                  " port=", silent.port(), ",5432 user=sqm dbname=postgres");
  options.schema = "public";
  options.connect_timeout = absl::Seconds(2);
  options.way = std::make_shared<PgWay>();
  auto first = PgConnection::Open(options);
  EXPECT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(silent.WasTried());
  auto second = PgConnection::Open(options);
  EXPECT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(silent.WasTried()) << "the host that answered is the first now";
}

}  // namespace
}  // namespace sqm::store
