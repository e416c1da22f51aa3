// What is possible with these rows: gRPC's typed callback API over SQLite with a group commit, and
// nothing else. A create writes the row with its indexes, the change and the remembered request by
// the store's own statements; no token, no checks, no answer to a repeated request, no feed.
//   sqm-bare PORT FOLDER
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <grpcpp/grpcpp.h>
#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "common/base/digest.h"
#include "common/base/executor.h"
#include "common/base/task.h"
#include "common/store/rows.h"
#include "common/store/sqlite/schema.h"
#include "common/store/write_set.h"
#include "echo.grpc.pb.h"
#include "services/complaints/contracts.h"
#include "services/monitoring/contracts.h"
#include "tests/bench/serve.h"

namespace sqm::bench {
namespace {

using google::protobuf::Message;

constexpr int64_t kTenant = 1;
// Calls that one closure ends, as the store does it.
constexpr size_t kEndedTogether = 32;

// A create that waits for its commit. gRPC keeps the message until the reactor finishes.
struct Create {
  grpc::ServerUnaryReactor* reactor = nullptr;
  const Message* message = nullptr;
  std::string body;
};

class Rows {
 public:
  static absl::StatusOr<std::unique_ptr<Rows>> Open(const std::string& folder) {
    std::unique_ptr<Rows> rows(new Rows());
    auto contracts = monitoring::Contracts();
    for (const auto* file : complaints::Contracts()) contracts.push_back(file);
    ASSIGN_OR_RETURN(rows->registry_, contract::Registry::Build(contracts));
    rows->sql_ = store::TypeStatements(*rows->registry_);
    ASSIGN_OR_RETURN(rows->database_,
                     store::SqliteDatabase::Open(absl::StrCat(folder, "/bare.db"),
                                                 store::SqliteDatabase::Mode::kReadWrite));
    // As the store opens its file, but for the checkpoints, which SQLite makes here.
    RETURN_IF_ERROR(rows->database_->Execute(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
        "PRAGMA wal_autocheckpoint=32768; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY"));
    RETURN_IF_ERROR(store::ApplySchema(*rows->registry_, *rows->database_, "bare"));
    return rows;
  }

  // All of them in one transaction.
  absl::Status Write(const std::vector<Create>& creates) {
    return database_->Transaction([&]() -> absl::Status {
      for (const Create& create : creates) RETURN_IF_ERROR(WriteOne(create));
      return absl::OkStatus();
    });
  }

 private:
  absl::Status WriteOne(const Create& create) {
    const int64_t position = ++position_;
    const contract::ResourceType& type = *registry_->FindType(create.message->GetDescriptor());
    const std::string id = absl::StrFormat("01kjq%021d", position);
    const Digest hash = Sha256({id});
    const absl::string_view digest = BytesOf(hash).substr(0, sizeof(store::Hash128));
    const std::vector<query::Value> columns = store::ColumnValues(type, *create.message);
    store::SqliteStatement row = database_->Prepare(sql_[type.number].insert.c_str());
    row.Bind(1, kTenant);
    row.Bind(2, absl::string_view(id));
    row.Bind(3, int64_t{1});
    row.BindBlob(5, create.body);
    store::BindColumns(row, 6, columns);
    RETURN_IF_ERROR(row.Run());
    const std::string method = absl::StrCat("/sqm.bench.v1.BareService/Create", type.type);
    RETURN_IF_ERROR(database_->Run(
        "INSERT INTO changes(seq, commit_id, time, type, id, version, kind, actor, method, "
        "request_id, body) VALUES(?, ?, 0, ?, ?, 1, 0, 'staff/bench', ?, ?, ?)",
        {store::SqlParam(position), store::SqlParam(position),
         store::SqlParam(absl::string_view(type.type)), store::SqlParam(absl::string_view(id)),
         store::SqlParam(absl::string_view(method)), store::SqlParam(absl::string_view(id)),
         store::SqlParam(store::Bytes{create.body})}));
    return database_->Run("INSERT INTO requests(key, payload, time, seq) VALUES(?, ?, 0, ?)",
                          {store::SqlParam(store::Bytes{digest}),
                           store::SqlParam(store::Bytes{digest}), store::SqlParam(position)});
  }

  std::unique_ptr<contract::Registry> registry_;
  std::vector<store::TypeSql> sql_;
  std::unique_ptr<store::SqliteDatabase> database_;
  int64_t position_ = 0;
};

// Commits all that wait, one transaction after the other.
class Committer {
 public:
  explicit Committer(Rows& rows) : rows_(rows), thread_([this] { Run(); }) {}
  ~Committer() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Add(Create create) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(create));
  }

 private:
  void Run() {
    pthread_setname_np(pthread_self(), "committer");
    while (true) {
      std::vector<Create> batch;
      {
        absl::MutexLock lock(&mutex_);
        const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
          return stopping_ || !waiting_.empty();
        };
        mutex_.Await(absl::Condition(&ready));
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      const absl::Status status = rows_.Write(batch);
      for (size_t from = 0; from < batch.size(); from += kEndedTogether) {
        std::vector<grpc::ServerUnaryReactor*> ended;
        for (size_t i = from; i < std::min(batch.size(), from + kEndedTogether); ++i) {
          ended.push_back(batch[i].reactor);
        }
        workers_.Post([ended = std::move(ended), status] {
          const auto code = static_cast<grpc::StatusCode>(status.code());
          for (auto* reactor : ended) reactor->Finish({code, std::string(status.message())});
        });
      }
    }
  }

  Rows& rows_;
  Executor workers_{"worker", 2};
  absl::Mutex mutex_;
  std::vector<Create> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class BareServer final : public v1::BareService::CallbackService {
 public:
  explicit BareServer(Committer& committer) : committer_(committer) {}

 private:
  grpc::ServerUnaryReactor* CreateContact(grpc::CallbackServerContext* context,
                                          const monitoring::v1::Contact* request,
                                          monitoring::v1::Contact* response) override {
    return Write(context, *request, response);
  }
  grpc::ServerUnaryReactor* CreateCase(grpc::CallbackServerContext* context,
                                       const complaints::v1::Case* request,
                                       complaints::v1::Case* response) override {
    return Write(context, *request, response);
  }

  template <typename Resource>
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const Resource& request,
                                  Resource* response) {
    *response = request;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    committer_.Add({reactor, response, response->SerializeAsString()});
    return reactor;
  }

  Committer& committer_;
};

absl::Status Run(int port, const std::string& folder) {
  HoldSignals();
  ASSIGN_OR_RETURN(const std::unique_ptr<Rows> rows, Rows::Open(folder));
  Committer committer(*rows);
  BareServer service(committer);
  return ServeUntilSignal(port, service);
}

}  // namespace
}  // namespace sqm::bench

int main(int argc, char** argv) {
  int port = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[1], &port)) {
    std::fputs("usage: sqm-bare PORT FOLDER\n", stderr);
    return 2;
  }
  const absl::Status status = sqm::bench::Run(port, argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "sqm-bare: %s\n", std::string(status.message()).c_str());
  return 1;
}
