// The import stream against a server in process that answers late, refuses rows and breaks off.
#include "cli/client/import_stream.h"

#include <absl/strings/str_cat.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sqm/monitoring/v1/contact.pb.h"
#include "sqm/monitoring/v1/monitoring_service.grpc.pb.h"

namespace sqm::cli {
namespace {

using monitoring::v1::ImportContactsRequest;
using monitoring::v1::ImportContactsResponse;

class Server final : public monitoring::v1::MonitoringService::Service {
 public:
  grpc::Status ImportContacts(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<ImportContactsResponse, ImportContactsRequest>* stream) override {
    ++streams;
    const auto& metadata = context->client_metadata();
    const auto language = metadata.find("accept-language");
    if (language != metadata.end()) {
      accept_language.assign(language->second.data(), language->second.size());
    }
    if (refuse) return {grpc::StatusCode::PERMISSION_DENIED, "no"};
    ImportContactsRequest request;
    int batches = 0;
    while (stream->Read(&request)) {
      if (break_after > 0 && streams == 1 && ++batches > break_after) {
        return {grpc::StatusCode::UNAVAILABLE, "going away"};
      }
      ImportContactsResponse response;
      response.set_sequence(request.sequence());
      for (const auto& contact : request.contacts()) {
        const bool fresh = stored.insert(contact.external_id()).second;
        response.add_outcomes(fresh ? monitoring::v1::IMPORT_OUTCOME_CREATED
                                    : monitoring::v1::IMPORT_OUTCOME_UNCHANGED);
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  int break_after = 0;
  bool refuse = false;
  std::atomic<int> streams{0};
  std::set<std::string> stored;
  std::string accept_language;
};

class ImportStreamTest : public ::testing::Test {
 protected:
  ImportStreamTest() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("localhost:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    connection_ = *Connection::Open({.server = absl::StrCat("localhost:", port), .token = "t"},
                                    absl::Seconds(10), Language::kChinese);
  }
  ~ImportStreamTest() override { server_->Shutdown(); }

  Failure Run(int batches) {
    ImportStream stream(*connection_, method_, 4,
                        [this](const ImportBatch& batch, const ImportAnswer& answer) {
                          EXPECT_EQ(method_.SequenceOf(*batch.request), ++last_);
                          answered_ += static_cast<int>(answer.outcomes.size());
                        });
    for (int i = 0; i < batches; ++i) {
      auto batch = std::make_shared<ImportBatch>();
      batch->request = method_.NewRequest();
      for (int n = 0; n < 10; ++n) {
        static_cast<monitoring::v1::Contact*>(method_.AddRow(*batch->request))
            ->set_external_id(absl::StrCat(i, "-", n));
      }
      if (!stream.Send(batch)) break;
    }
    return stream.Finish();
  }

  const Catalogue catalogue_ = *Catalogue::Load();
  const ImportMethod method_{*catalogue_.FindByType("monitoring/Contact")};
  Server service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Connection> connection_;
  int64_t last_ = 0;
  int answered_ = 0;
};

TEST_F(ImportStreamTest, EveryBatchIsAnsweredInOrder) {
  EXPECT_TRUE(Run(50).ok());
  EXPECT_EQ(answered_, 500);
  EXPECT_EQ(service_.stored.size(), 500u);
  EXPECT_EQ(service_.accept_language, "zh-CN");
}

TEST_F(ImportStreamTest, NothingToSend) { EXPECT_TRUE(Run(0).ok()); }

TEST_F(ImportStreamTest, ABrokenStreamIsSentAgain) {
  service_.break_after = 7;
  EXPECT_TRUE(Run(50).ok());
  EXPECT_EQ(answered_, 500);
  EXPECT_EQ(service_.stored.size(), 500u);
  EXPECT_EQ(service_.streams, 2);
}

TEST_F(ImportStreamTest, ARefusalEndsIt) {
  service_.refuse = true;
  const Failure failure = Run(50);
  EXPECT_EQ(failure.code, grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(answered_, 0);
}

TEST_F(ImportStreamTest, ALostServerIsUnavailable) {
  server_->Shutdown();
  EXPECT_EQ(ExitCodeOf(Run(3)), kUnavailable);
}

}  // namespace
}  // namespace sqm::cli
