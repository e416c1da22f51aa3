// The configuration that every binary of the suite has.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "common/base/config.h"

namespace sqm::host {

struct Config {
  std::string listen = "127.0.0.1:7070";
  std::string metrics_address;  // empty: not served
  std::string data_dir = "data";
  bool dev = false;
  std::string log_level = "info";
  int64_t threads = 0;  // 0 = one a core, at least 2

  std::string tls_certificate, tls_key, tls_client_ca;
  std::string peers_ca, peers_certificate, peers_key;

  std::string jwks_file, issuer, audience = "sqm";
  std::string service_token_file;

  std::string redis_socket, redis_host, redis_password_file;
  int64_t redis_port = 6379;

  std::string store_backend = "sqlite";  // or postgres
  std::string postgres_url_file;
  std::string postgres_standby_url_file;  // empty: no standbys
  absl::Duration postgres_standby_timeout = absl::Milliseconds(500);
  int64_t postgres_readers = 4;
  absl::Duration postgres_connect_timeout = absl::Seconds(5);
  absl::Duration postgres_start_patience = absl::Minutes(1);
  absl::Duration postgres_statement_timeout = absl::Seconds(10);
  absl::Duration postgres_tail_period = absl::Milliseconds(250);

  ByteSize cache_bytes{128 << 20};
  ByteSize feed_ring_bytes{16 << 20};
  absl::Duration feed_keep_age = absl::Hours(24 * 7);
  int64_t feed_keep_changes = 5000000;
  absl::Duration feed_consumer_lease = absl::Hours(24 * 14);

  int64_t max_calls = 2000;
  int64_t least_reads = 0;  // 0 = 2 a worker thread
  int64_t least_writes = 256;
  std::vector<std::string> rates;
  absl::Duration drain_delay = absl::Seconds(0);
  absl::Duration stop_deadline = absl::Seconds(10);
  bool reflection = true;
};

// Adds every key of `config` to `spec`.
void Describe(Config& config, ConfigSpec& spec);
// Has `spec` refuse a configuration without what calls are served with: keys of token issuers and a
// token of the service's own, unless in development.
void RequireTokens(const Config& config, ConfigSpec& spec);

}  // namespace sqm::host
