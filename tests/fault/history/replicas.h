// Replicas of monitoring on one PostgreSQL and one Redis.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/fault/history/workload.h"
#include "tests/support/postgres_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/suite_process.h"

namespace sqm::testing::history {

class Replicas {
 public:
  // What one replica is started with.
  struct Place {
    // Where it reaches the database, if not at its socket: `address:port`.
    std::string database;
    std::string host = "127.0.0.1";
    std::vector<std::string> launcher;
    std::map<std::string, std::string> environment;
  };

  // Why there can be none here; empty = there can.
  static std::string Missing();

  // The database and Redis.
  Replicas();
  // Makes a standby of the database, before Start. The replicas read from it, and keep next to
  // nothing in their caches, so that most reads ask a server.
  void AddStandby() { standby_ = PostgresServer::StandbyOf(postgres_); }
  // One replica in each place.
  absl::Status Start(const std::vector<Place>& places);

  PostgresServer& postgres() { return postgres_; }
  PostgresServer& standby() { return *standby_; }
  RedisServer& redis() { return redis_; }
  ServerProcess& at(int i) { return *replicas_[static_cast<size_t>(i)]; }
  int size() const { return static_cast<int>(replicas_.size()); }
  // For clients of all of them.
  WorkloadOptions Options() const;
  // Starts what does not run.
  absl::Status Restart();

 private:
  TempDir keys_;
  PostgresServer postgres_;
  std::unique_ptr<PostgresServer> standby_;  // null: none
  RedisServer redis_;
  std::vector<std::unique_ptr<ServerProcess>> replicas_;
};

}  // namespace sqm::testing::history
