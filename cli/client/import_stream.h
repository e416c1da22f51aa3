// An import with several batches in flight, over as many streams as it takes.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/client/connection.h"
#include "cli/import/convert.h"
#include "cli/import/import_method.h"
#include "cli/text/csv.h"

namespace sqm::cli {

// A row with what became of it so far.
struct ImportRow {
  CsvRow row;
  std::vector<Issue> issues;  // not empty: refused before it was sent
};

struct ImportBatch {
  std::vector<ImportRow> rows;  // in the order of the file
  // The good ones of them, in the same order.
  std::unique_ptr<google::protobuf::Message> request;
};

// Sends batches; at most `window` are unanswered at a time. When the server goes away, the
// unanswered batches are sent again over a new stream: the import is idempotent. One thread calls
// it; answers come on a thread of its own, in the order of the batches.
class ImportStream {
 public:
  using Answered = std::function<void(const ImportBatch&, const ImportAnswer&)>;

  // `connection` and `method` must outlive it.
  ImportStream(const Connection& connection, const ImportMethod& method, size_t window,
               Answered answered);
  ~ImportStream();
  ImportStream(const ImportStream&) = delete;

  // Waits for room. False: the import has failed, Finish() says why.
  bool Send(std::shared_ptr<ImportBatch> batch);
  // Waits until everything is answered.
  Failure Finish();

 private:
  using Stream = grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  void Open();
  void ReadAnswers() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the bytes answer the batch that is answered next; `batch` and `answer` then.
  bool Match(const grpc::ByteBuffer& buffer, std::shared_ptr<ImportBatch>& batch,
             ImportAnswer& answer) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until fewer than `limit` are unanswered. False: failed for good.
  bool WaitBelow(size_t limit) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the broken stream, and begins another where that may help.
  bool Recover() ABSL_LOCKS_EXCLUDED(mutex_);
  // The final state of the stream; joins the reader.
  grpc::Status End();

  const Connection& connection_;
  const ImportMethod& method_;
  const std::string path_;
  const size_t window_;
  const Answered answered_;
  // The calling thread's own.
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<Stream> stream_;
  std::thread reader_;
  Failure failure_;
  int64_t sequence_ = 0;
  int attempts_ = 0;
  bool worked_ = false;  // some stream brought an answer

  absl::Mutex mutex_;
  std::deque<std::shared_ptr<ImportBatch>> unanswered_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool disordered_ ABSL_GUARDED_BY(mutex_) = false;
  bool progressed_ ABSL_GUARDED_BY(mutex_) = false;  // since the stream was opened
};

}  // namespace sqm::cli
