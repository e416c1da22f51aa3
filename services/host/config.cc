#include "services/host/config.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "common/observe/metrics.h"
#include "common/rpc/rate_limit.h"

namespace sqm::host {

void Describe(Config& config, ConfigSpec& spec) {
  // Of the command-line client, which may be set in the same shell.
  spec.IgnoreEnvironment({"SQM_LOGIN", "SQM_SERVER", "SQM_TOKEN_FILE"});
  spec.Add("listen.address", &config.listen,
           "Host and port of the gRPC API. For peers inside the cluster only: what is public goes "
           "through the edge proxy.")
      .Required();
  spec.AddCheck([&config]() -> std::string {
    // gRPC would take port 443.
    const size_t colon = config.listen.rfind(':');
    uint32_t port = 0;
    if (colon != std::string::npos &&
        absl::SimpleAtoi(absl::string_view(config.listen).substr(colon + 1), &port) &&
        port <= 65535) {
      return "";
    }
    return absl::StrCat("listen.address = ", config.listen, ": must be host and port, as in ",
                        "127.0.0.1:7070");
  });
  spec.Add("listen.reflection", &config.reflection, "Serve gRPC reflection.");
  spec.Add("metrics.address", &config.metrics_address,
           "Host and port of /metrics (Prometheus); empty = not served. Port 0 = any free port.");
  spec.AddCheck([&config]() -> std::string {
    if (config.metrics_address.empty()) return "";
    const absl::Status good = observe::Metrics::CheckAddress(config.metrics_address);
    return good.ok() ? "" : absl::StrCat("metrics.address = ", good.message());
  });
  spec.Add("data.dir", &config.data_dir, "Directory of the databases; made if missing.").Required();
  spec.Add("dev", &config.dev,
           "Development: makes a signing key and a login file in the data directory. Never in "
           "production.");
  spec.Add("log.level", &config.log_level, "Least level that is logged.")
      .Choices({"debug", "info", "warning", "error"});
  spec.Add("threads", &config.threads, "Worker threads; 0 = one a core, at least 2.")
      .Range(int64_t{0}, int64_t{256});
  spec.Add("tls.certificate", &config.tls_certificate,
           "PEM file of the server's certificate chain.")
      .File();
  spec.Add("tls.key", &config.tls_key, "PEM file of the server's private key.").SecretFile();
  spec.Add("tls.client_ca", &config.tls_client_ca,
           "PEM file with the authorities of client certificates; set: a client must have one.")
      .File();
  spec.Add("peers.ca", &config.peers_ca,
           "PEM file with the authorities of other services' certificates; set: calls to them go "
           "over TLS.")
      .File();
  spec.Add(
          "peers.certificate", &config.peers_certificate,
          "PEM file of the certificate chain that other services are shown, where they demand one.")
      .File();
  spec.Add("peers.key", &config.peers_key, "PEM file of its private key.").SecretFile();
  spec.Add("auth.jwks_file", &config.jwks_file,
           "JWKS with the public keys of token issuers; watched for changes. Needed without --dev.")
      .File();
  spec.Add("auth.issuer", &config.issuer, "What `iss` must be; empty = not looked at.");
  spec.Add("auth.audience", &config.audience, "What `aud` must contain; empty = not looked at.");
  spec.Add("auth.service_token_file", &config.service_token_file,
           "Token with role service for calls between services. Needed without --dev.")
      .SecretFile();
  spec.Add("redis.socket", &config.redis_socket, "Unix socket of Redis; empty = use redis.host.");
  spec.Add("redis.host", &config.redis_host, "Host of Redis; empty, and no socket = no Redis.");
  spec.Add("redis.port", &config.redis_port, "Port of Redis.").Range(int64_t{1}, int64_t{65535});
  spec.Add("redis.password_file", &config.redis_password_file, "File with the password of Redis.")
      .SecretFile();
  spec.Add("store.backend", &config.store_backend,
           "Where resources are stored: sqlite (files in data.dir, one process) or postgres (one "
           "database, any number of processes).")
      .Choices({"sqlite", "postgres"});
  spec.Add("store.postgres.url_file", &config.postgres_url_file,
           "File with the connection string of PostgreSQL, as libpq takes it: `host=... "
           "dbname=...` or `postgresql://...`.")
      .SecretFile();
  spec.Add("store.postgres.standby_url_file", &config.postgres_standby_url_file,
           "File with the connection strings of read-only standbys, one a line; reads that they "
           "have the state for are theirs. Empty = all reads are the primary's.")
      .SecretFile();
  spec.Add("store.postgres.standby_timeout", &config.postgres_standby_timeout,
           "How long a standby may take to connect or for one statement, before the primary is "
           "asked.")
      .Range(absl::Milliseconds(10), absl::Seconds(10));
  spec.Add("store.postgres.readers", &config.postgres_readers,
           "Connections that read, for each service; it has four more. As many to each "
           "standby.")
      .Range(int64_t{1}, int64_t{64});
  spec.Add("store.postgres.connect_timeout", &config.postgres_connect_timeout,
           "How long one attempt to connect may take.")
      .Range(absl::Milliseconds(100), absl::Minutes(1));
  spec.Add("store.postgres.start_patience", &config.postgres_start_patience,
           "How long a start waits for a database that is not there yet.")
      .Range(absl::ZeroDuration(), absl::Hours(1));
  spec.Add("store.postgres.statement_timeout", &config.postgres_statement_timeout,
           "How long one statement may take, waiting for locks included.")
      .Range(absl::Milliseconds(100), absl::Minutes(5));
  spec.Add("store.postgres.tail_period", &config.postgres_tail_period,
           "How often to look for what other processes committed. Cached answers are up to this "
           "old, and none is older than 2 s.")
      .Range(absl::Milliseconds(10), absl::Seconds(1));
  spec.Add("cache.bytes", &config.cache_bytes, "Memory of the resource cache of each service.");
  spec.Add("feed.ring_bytes", &config.feed_ring_bytes,
           "Recent changes kept in memory for each service's feed.");
  spec.Add("feed.keep_age", &config.feed_keep_age, "How long changes are kept for late consumers.")
      .Range(absl::Hours(25), absl::Hours(24 * 3650));
  spec.Add("feed.keep_changes", &config.feed_keep_changes,
           "How many changes a tenant keeps at most.")
      .Range(int64_t{1000}, int64_t{1} << 40);
  spec.Add("feed.consumer_lease", &config.feed_consumer_lease,
           "How long changes wait, beyond these bounds, for a consumer that is not heard of.")
      .Range(absl::ZeroDuration(), absl::Hours(24 * 365));
  spec.Add("limits.calls", &config.max_calls,
           "Reads and writes of each service in progress at most; fewer while they take too long.")
      .Range(int64_t{1}, int64_t{1000000});
  spec.Add("limits.least_reads", &config.least_reads,
           "Reads in progress that are never refused; 0 = 2 a worker thread.")
      .Range(int64_t{0}, int64_t{1000000});
  spec.Add("limits.least_writes", &config.least_writes,
           "Writes in progress that are never refused.")
      .Range(int64_t{1}, int64_t{1000000});
  spec.Add(
      "limits.rates", &config.rates,
      "Calls a second of each principal, over all replicas that share a Redis, and how many at "
      "once: \"role=agent method=*/List* rate=5 burst=20\". The first that fits counts; none "
      "= no limit.");
  spec.AddCheck([&config]() -> std::string {
    for (const std::string& text : config.rates) {
      if (auto rule = rpc::ParseRateRule(text); !rule.ok()) {
        return absl::StrCat("limits.rates: ", rule.status().message());
      }
    }
    return "";
  });
  spec.Add("stop.drain_delay", &config.drain_delay,
           "Between announcing the stop to health checks and refusing calls.")
      .Range(absl::ZeroDuration(), absl::Minutes(5));
  spec.Add("stop.deadline", &config.stop_deadline, "How long calls in progress may still take.")
      .Range(absl::ZeroDuration(), absl::Minutes(10));
  spec.AddCheck([&config]() -> std::string {
    if ((config.store_backend == "postgres") == !config.postgres_url_file.empty()) return "";
    return "store.backend = postgres and store.postgres.url_file belong together";
  });
  spec.AddCheck([&config]() -> std::string {
    if (config.postgres_standby_url_file.empty() || config.store_backend == "postgres") return "";
    return "store.postgres.standby_url_file needs store.backend = postgres";
  });
  spec.AddCheck([&config]() -> std::string {
    if (config.tls_certificate.empty() == config.tls_key.empty()) return "";
    return "tls.certificate and tls.key belong together";
  });
  spec.AddCheck([&config]() -> std::string {
    if (config.tls_client_ca.empty() || !config.tls_certificate.empty()) return "";
    return "tls.client_ca needs tls.certificate and tls.key";
  });
  spec.AddCheck([&config]() -> std::string {
    if (config.peers_certificate.empty() != config.peers_key.empty()) {
      return "peers.certificate and peers.key belong together";
    }
    if (config.peers_ca.empty() && !config.peers_certificate.empty()) {
      return "peers.certificate needs peers.ca";
    }
    return "";
  });
}

void RequireTokens(const Config& config, ConfigSpec& spec) {
  spec.AddCheck([&config]() -> std::string {
    if (config.dev) return "";
    if (config.jwks_file.empty()) return "auth.jwks_file must be set unless dev is true";
    if (config.service_token_file.empty()) {
      return "auth.service_token_file must be set unless dev is true";
    }
    return "";
  });
}

}  // namespace sqm::host
