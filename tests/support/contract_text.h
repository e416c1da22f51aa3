// Contracts written as text in a test: parsed, compiled and made into messages at run time.
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/contract/registry.h"
#include "sqm/options/v1/options.pb.h"

namespace sqm::testing {

// One .proto of package `test`. The process ends where the text is no valid proto. Lives longer
// than the registry and the messages that it makes.
class ContractText {
 public:
  // `body`: messages, enums and services. Options are written in full: [(sqm.options.v1.field) =
  // …].
  explicit ContractText(absl::string_view body)
      : pool_(google::protobuf::DescriptorPool::generated_pool()), factory_(&pool_) {
    // What the text may import must be linked.
    sqm::options::v1::Field::descriptor();
    std::string text = absl::StrCat(
        "syntax = \"proto3\"; package test; import \"sqm/options/v1/options.proto\"; "
        "import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/duration.proto\";\n",
        body);
    google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
    google::protobuf::io::Tokenizer tokenizer(&input, &errors_);
    google::protobuf::compiler::Parser parser;
    parser.RecordErrorsTo(&errors_);
    google::protobuf::FileDescriptorProto proto;
    Check(parser.Parse(&tokenizer, &proto), "a test's contract cannot be parsed");
    proto.set_name("test.proto");
    file_ = pool_.BuildFileCollectingErrors(proto, &errors_);
    Check(file_ != nullptr, "a test's contract is wrong");
    factory_.SetDelegateToGeneratedFactory(true);
  }

  const google::protobuf::FileDescriptor* file() const { return file_; }
  google::protobuf::MessageFactory* factory() { return &factory_; }

  // The registry, or why there is none.
  absl::StatusOr<std::unique_ptr<contract::Registry>> Registry() {
    return contract::Registry::Build({file_}, &factory_);
  }
  // A message of the text, from protobuf's text format.
  std::unique_ptr<google::protobuf::Message> Make(const std::string& message,
                                                  const std::string& text = "") {
    const google::protobuf::Descriptor* type = file_->FindMessageTypeByName(message);
    Check(type != nullptr, "no such message");
    std::unique_ptr<google::protobuf::Message> made(factory_.GetPrototype(type)->New());
    Check(google::protobuf::TextFormat::ParseFromString(text, made.get()), text);
    return made;
  }

 private:
  class Errors : public google::protobuf::io::ErrorCollector,
                 public google::protobuf::DescriptorPool::ErrorCollector {
   public:
    void AddError(int line, int column, const std::string& message) override {
      std::fprintf(stderr, "test.proto:%d:%d: %s\n", line + 1, column, message.c_str());
    }
    void AddError(const std::string&, const std::string& element, const google::protobuf::Message*,
                  ErrorLocation, const std::string& message) override {
      std::fprintf(stderr, "test.proto: %s: %s\n", element.c_str(), message.c_str());
    }
  };

  Errors errors_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::FileDescriptor* file_ = nullptr;
};

}  // namespace sqm::testing
