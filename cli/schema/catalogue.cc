#include "cli/schema/catalogue.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>

namespace sqm::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::string Snake(absl::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !out.empty()) out += '_';
    out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

std::string Kind(absl::string_view type) {
  return std::string(
      type.substr(type.find('/') == absl::string_view::npos ? 0 : type.find('/') + 1));
}

void AddResources(const Descriptor* message, std::vector<ResourceInfo>& out) {
  if (message->options().HasExtension(options::v1::resource)) {
    ResourceInfo info;
    info.message = message;
    info.options = message->options().GetExtension(options::v1::resource);
    info.singular =
        info.options.singular().empty() ? Snake(message->name()) : info.options.singular();
    out.push_back(std::move(info));
  }
  for (int i = 0; i < message->nested_type_count(); ++i) {
    AddResources(message->nested_type(i), out);
  }
}

// The rows of an import's requests: the resource, or messages that hold it. Null: no import of it.
const FieldDescriptor* RowsOf(const MethodDescriptor* method, const Descriptor* resource) {
  if (!method->client_streaming() || !method->server_streaming()) return nullptr;
  for (int i = 0; i < method->input_type()->field_count(); ++i) {
    const FieldDescriptor* rows = method->input_type()->field(i);
    if (!rows->is_repeated() || rows->message_type() == nullptr) continue;
    if (rows->message_type() == resource) return rows;
    for (int k = 0; k < rows->message_type()->field_count(); ++k) {
      if (rows->message_type()->field(k)->message_type() == resource) return rows;
    }
  }
  return nullptr;
}

}  // namespace

const MethodDescriptor* ResourceInfo::Method(options::v1::StandardMethod method) const {
  const auto found = methods.find(method);
  return found == methods.end() ? nullptr : found->second;
}

absl::StatusOr<Catalogue> Catalogue::Load() { return Load(ContractFiles()); }

absl::StatusOr<Catalogue> Catalogue::Load(const std::vector<std::string>& files) {
  Catalogue catalogue;
  for (const std::string& name : files) {
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) {
      return absl::InternalError(absl::StrCat("the contract ", name, " is not linked in"));
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      AddResources(file->message_type(i), catalogue.resources_);
    }
    for (int i = 0; i < file->service_count(); ++i) {
      catalogue.services_.push_back(file->service(i));
    }
  }
  std::sort(catalogue.resources_.begin(), catalogue.resources_.end(),
            [](const auto& a, const auto& b) { return a.options.type() < b.options.type(); });
  for (ResourceInfo& info : catalogue.resources_) {
    const ResourceInfo* at = &info;
    for (size_t depth = 0; at != nullptr && depth <= catalogue.resources_.size(); ++depth) {
      info.collections.insert(info.collections.begin(), at->options.collection());
      at = at->options.parent().empty() ? nullptr : catalogue.FindByType(at->options.parent());
    }
    for (const ServiceDescriptor* service : catalogue.services_) {
      for (int i = 0; i < service->method_count(); ++i) {
        const auto& rules = service->method(i)->options().GetExtension(options::v1::method);
        if (rules.resource() == info.options.type() &&
            rules.standard() != options::v1::STANDARD_METHOD_UNSPECIFIED) {
          info.methods.emplace(rules.standard(), service->method(i));
        }
        if (const FieldDescriptor* rows = RowsOf(service->method(i), info.message)) {
          info.import = service->method(i);
          info.import_rows = rows;
        }
      }
    }
  }
  return catalogue;
}

const ResourceInfo* Catalogue::FindByType(absl::string_view type) const {
  for (const ResourceInfo& info : resources_) {
    if (info.options.type() == type) return &info;
  }
  return nullptr;
}

const ResourceInfo* Catalogue::Find(absl::string_view word) const {
  for (const ResourceInfo& info : resources_) {
    if (absl::EqualsIgnoreCase(info.options.type(), word) ||
        absl::EqualsIgnoreCase(info.options.collection(), word) ||
        absl::EqualsIgnoreCase(absl::StrJoin(info.collections, "/"), word) ||
        absl::EqualsIgnoreCase(Kind(info.options.type()), word) || info.singular == word) {
      return &info;
    }
  }
  return nullptr;
}

const ResourceInfo* Catalogue::FindByName(absl::string_view name) const {
  const std::vector<std::string> segments = absl::StrSplit(name, '/');
  if (segments.size() % 2 != 0) return nullptr;
  for (const ResourceInfo& info : resources_) {
    if (info.collections.size() * 2 != segments.size()) continue;
    bool fits = true;
    for (size_t i = 0; i < info.collections.size(); ++i) {
      fits = fits && segments[2 * i] == info.collections[i] && !segments[2 * i + 1].empty();
    }
    if (fits) return &info;
  }
  return nullptr;
}

absl::StatusOr<const MethodDescriptor*> Catalogue::FindMethod(absl::string_view path) const {
  if (absl::StartsWith(path, "/")) path.remove_prefix(1);
  const size_t slash = path.rfind('/');
  const absl::string_view wanted_service =
      slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
  const absl::string_view wanted = slash == absl::string_view::npos ? path : path.substr(slash + 1);
  std::vector<const MethodDescriptor*> found;
  for (const ServiceDescriptor* service : services_) {
    if (!wanted_service.empty() && service->full_name() != wanted_service &&
        service->name() != wanted_service) {
      continue;
    }
    const MethodDescriptor* method = service->FindMethodByName(std::string(wanted));
    if (method != nullptr) found.push_back(method);
  }
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  if (found.empty()) {
    for (const ServiceDescriptor* service : services_) {
      for (int i = 0; i < service->method_count(); ++i) {
        names.push_back(absl::StrCat(service->name(), "/", service->method(i)->name()));
      }
    }
    return absl::NotFoundError(absl::StrJoin(names, "\n  "));
  }
  for (const MethodDescriptor* method : found) {
    names.push_back(absl::StrCat(method->service()->full_name(), "/", method->name()));
  }
  return absl::InvalidArgumentError(absl::StrJoin(names, "\n  "));
}

}  // namespace sqm::cli
