// The TOML source of a configuration.
#include <absl/strings/str_cat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <sstream>

#include "common/base/config.h"

namespace sqm {
namespace {

// More than any configuration; a wrong path may name a database.
constexpr size_t kMaxFileBytes = 1 << 20;

struct Leaf {
  std::string key;
  const toml::node* node;
};

void Flatten(const toml::table& table, const std::string& prefix, std::vector<Leaf>& leaves) {
  for (const auto& [name, node] : table) {
    std::string key = absl::StrCat(prefix, absl::string_view(name.str().data(), name.str().size()));
    if (const toml::table* inner = node.as_table()) {
      Flatten(*inner, key + ".", leaves);
    } else {
      leaves.push_back({std::move(key), &node});
    }
  }
}

// The value of a node as the kind of `like`; none where it is of another.
std::optional<ConfigValue> FromToml(const ConfigValue& like, const toml::node& node) {
  if (std::holds_alternative<std::string>(like)) {
    if (const auto* text = node.as_string()) return text->get();
  } else if (std::holds_alternative<int64_t>(like)) {
    if (const auto* integer = node.as_integer()) return integer->get();
  } else if (std::holds_alternative<bool>(like)) {
    if (const auto* flag = node.as_boolean()) return flag->get();
  } else if (std::holds_alternative<double>(like)) {
    if (!node.is_number()) return std::nullopt;
    const auto number = node.value<double>();
    if (number && std::isfinite(*number)) return *number;
  } else if (std::holds_alternative<std::vector<std::string>>(like)) {
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> list;
    for (const toml::node& element : *array) {
      const auto* text = element.as_string();
      if (text == nullptr) return std::nullopt;
      list.push_back(text->get());
    }
    return list;
  } else if (const auto* text = node.as_string()) {
    return ParseConfigValue(like, text->get());  // durations and sizes
  } else if (const auto* integer = node.as_integer();
             integer != nullptr && std::holds_alternative<ByteSize>(like) && integer->get() >= 0) {
    return ByteSize{integer->get()};
  }
  return std::nullopt;
}

std::string Written(const toml::node& node) {
  std::ostringstream out;
  node.visit([&out](const auto& value) { out << value; });
  return out.str();
}

}  // namespace

void ConfigSpec::ReadFile(const std::string& path, std::vector<std::string>& errors) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  const auto unreadable = [&](absl::string_view why) {
    errors.push_back(
        absl::StrCat(path, ": ", why, "; allowed is a readable TOML file of at most 1 MiB"));
  };
  if (file == nullptr) return unreadable(std::strerror(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable(std::strerror(errno));
  if (text.size() > kMaxFileBytes) return unreadable("larger than 1 MiB");

  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    errors.push_back(absl::StrCat(
        path, ":", error.source().begin.line,
        ": not TOML: ", absl::string_view(error.description().data(), error.description().size())));
    return;
  } catch (const std::exception& error) {
    return unreadable(error.what());
  }

  std::vector<Leaf> leaves;
  Flatten(table, "", leaves);
  // toml++ keeps tables by name; people read files by line.
  std::stable_sort(leaves.begin(), leaves.end(), [](const Leaf& a, const Leaf& b) {
    return a.node->source().begin.line < b.node->source().begin.line;
  });
  for (const Leaf& leaf : leaves) {
    const std::string where = absl::StrCat(path, ":", leaf.node->source().begin.line);
    Option* option = Find(leaf.key);
    if (option == nullptr && IsOfOthers(leaf.key, false)) continue;
    if (option == nullptr) {
      // Without the value: it may be a secret that somebody believed to belong here.
      errors.push_back(
          absl::StrCat(where, ": ", leaf.key, ": no such key", Suggestion(leaf.key, false)));
      continue;
    }
    std::optional<ConfigValue> value = FromToml(option->preset, *leaf.node);
    if (!value || !option->Accepts(*value)) {
      const auto* plain = leaf.node->as_string();
      errors.push_back(absl::StrCat(where, ": ", leaf.key, " = ",
                                    plain != nullptr || option->secret
                                        ? option->Shown(plain != nullptr ? plain->get() : "")
                                        : Written(*leaf.node).substr(0, 100),
                                    ": allowed is ", option->Allowed()));
      continue;
    }
    option->value = *std::move(value);
    option->origin = absl::StrCat("file ", where);
  }
}

}  // namespace sqm
