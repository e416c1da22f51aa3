// The servers under measurement: the suite and the baselines beside it, started as processes.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/bench.h"
#include "tests/bench/http2.h"
#include "tests/bench/process.h"

namespace sqm::bench {

// Whose token the load shows.
inline constexpr char kBenchStaff[] = "staff/bench";
inline constexpr char kBenchTeam[] = "team-03";

// A minimal server of the contact and the case.
class BaselineServer {
 public:
  // Sends back what it gets.
  static absl::StatusOr<std::unique_ptr<BaselineServer>> StartEcho(const Bench& bench);
  // Writes the rows of a create besides.
  static absl::StatusOr<std::unique_ptr<BaselineServer>> StartBare(const Bench& bench);
  int port() const { return port_; }
  Process& process() { return *process_; }
  // Spawning to accepting connections.
  absl::Duration start_time() const { return start_time_; }

 private:
  BaselineServer() = default;
  // `program PORT`, and the server's folder when it has one.
  static absl::StatusOr<std::unique_ptr<BaselineServer>> Start(const Bench& bench,
                                                               const std::string& program,
                                                               bool with_folder);
  TempDir folder_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
  absl::Duration start_time_;
};

// The whole suite, or one service of it, on a data directory.
class Suite {
 public:
  // Until health says SERVING. `flags` are added to the command line.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(const Bench& bench,
                                                      const std::string& data_dir,
                                                      std::vector<std::string> flags = {});
  // The same of another program, e.g. `sqm-complaints`.
  static absl::StatusOr<std::unique_ptr<Suite>> StartProgram(const Bench& bench,
                                                             const std::string& program,
                                                             const std::string& data_dir,
                                                             std::vector<std::string> flags = {});
  // Stops it and starts it again, on the same port, until health says SERVING.
  absl::Status Restart();
  int port() const { return port_; }
  Process& process() { return *process_; }
  absl::Duration start_time() const { return start_time_; }
  // An `authorization` of the role, for kBenchStaff of kBenchTeam.
  absl::StatusOr<std::string> Authorization(const std::string& role) const;
  // The same as the load sends it.
  absl::StatusOr<Http2Connection::Metadata> Metadata(const std::string& role) const;
  // A channel for typed calls, and a context for one with that authorization.
  std::shared_ptr<grpc::Channel> Channel() const;
  absl::StatusOr<std::unique_ptr<grpc::ClientContext>> Context(const std::string& role) const;

 private:
  Suite() = default;
  absl::Status Launch();

  TempDir folder_;
  std::vector<std::string> argv_;
  std::string data_dir_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
  absl::Duration start_time_;
};

// Imports contacts `first` to `first + count - 1` over one stream, at most four batches unanswered.
// An error when a row is refused.
absl::Status ImportContacts(const Suite& suite, uint64_t first, int64_t count);

// Waits until reporting has applied every change of monitoring up to `position`.
absl::Status WaitForReporting(const Suite& suite, int64_t position, absl::Duration patience);
// The last position of monitoring's feed that reporting has applied.
absl::StatusOr<int64_t> ReportingPosition(const Suite& suite);

absl::Status ToAbsl(const grpc::Status& status);

}  // namespace sqm::bench
