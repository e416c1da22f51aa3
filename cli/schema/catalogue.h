// What the contracts offer, read from the descriptors and their annotations: a resource that is
// added to a contract is known here without a line of code.
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <vector>

#include "sqm/options/v1/options.pb.h"

namespace sqm::cli {

struct ResourceInfo {
  const google::protobuf::Descriptor* message = nullptr;
  options::v1::Resource options;
  // Field name of the resource in requests, e.g. `contact`.
  std::string singular;
  // Collections from the top, e.g. `scorecards`, `versions`.
  std::vector<std::string> collections;
  // The methods that serve it.
  std::map<options::v1::StandardMethod, const google::protobuf::MethodDescriptor*> methods;
  // The stream that loads files of it, and the list of rows in its requests; null where it has
  // none.
  const google::protobuf::MethodDescriptor* import = nullptr;
  const google::protobuf::FieldDescriptor* import_rows = nullptr;

  const google::protobuf::MethodDescriptor* Method(options::v1::StandardMethod method) const;
};

class Catalogue {
 public:
  // The contracts that are linked into the program.
  static absl::StatusOr<Catalogue> Load();
  // The contracts of the given files of the generated pool.
  static absl::StatusOr<Catalogue> Load(const std::vector<std::string>& files);

  // By collection, type, kind or singular: `contacts`, `monitoring/Contact`, `Contact`, `contact`.
  const ResourceInfo* Find(absl::string_view word) const;
  // By a name such as `scorecards/x/versions/3`.
  const ResourceInfo* FindByName(absl::string_view name) const;
  const ResourceInfo* FindByType(absl::string_view type) const;
  // `Service/Method`, with the service in full or by its last word; a lone method name where it is
  // unique.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(
      absl::string_view path) const;

  // By type.
  const std::vector<ResourceInfo>& resources() const { return resources_; }
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const {
    return services_;
  }

 private:
  std::vector<ResourceInfo> resources_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
};

// Files of the contracts, listed at build time.
extern const std::vector<std::string>& ContractFiles();

}  // namespace sqm::cli
