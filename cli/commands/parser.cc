#include "cli/commands/parser.h"

#include <absl/strings/match.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/string_view.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "cli/text/width.h"

namespace sqm::cli {
namespace {

constexpr size_t kHelpColumn = 34;
// Group of the options, and of the commands.
constexpr char kOptions[] = "选项";
constexpr char kCommands[] = "命令";

// A line of help: what CLI11 does, which counts bytes where columns are meant.
std::string HelpLine(absl::string_view name, absl::string_view description) {
  const std::string margin(kHelpColumn, ' ');
  std::string line = absl::StrCat("  ", name);
  if (!description.empty()) {
    line = DisplayWidth(line) < kHelpColumn ? PadRight(line, kHelpColumn)
                                            : absl::StrCat(line, "\n", margin);
    absl::StrAppend(&line, absl::StrReplaceAll(description, {{"\n", absl::StrCat("\n", margin)}}));
  }
  return absl::StrCat(line, "\n");
}

class ChineseFormatter : public CLI::Formatter {
 public:
  ChineseFormatter() {
    for (const auto& [key, text] : {std::pair<const char*, const char*>{"Usage", "用法"},
                                    {"OPTIONS", kOptions},
                                    {"Positionals", "参数"},
                                    {"SUBCOMMAND", kCommands},
                                    {"SUBCOMMANDS", kCommands},
                                    {"REQUIRED", "必填"},
                                    {"Env", "环境变量"},
                                    {"Needs", "须同用"},
                                    {"Excludes", "不可同用"}}) {
      label(key, text);
    }
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return absl::StrReplaceAll(CLI::Formatter::make_help(app, std::move(name), mode),
                               {{"用法: ", "用法："},
                                {"\n参数:\n", "\n参数：\n"},
                                {"\n选项:\n", "\n选项：\n"},
                                {"\n命令:\n", "\n命令：\n"}});
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    return HelpLine(sub->get_display_name(true), sub->get_description());
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    const std::string rules = absl::StrReplaceAll(
        make_option_opts(option), {{"须同用: ", "须同用："}, {"不可同用: ", "不可同用："}});
    return HelpLine(absl::StrCat(make_option_name(option, is_positional), rules),
                    make_option_desc(option));
  }
};

// The kinds of values.
std::string TypeWord(absl::string_view type) {
  for (const auto& [known, word] : {std::pair<const char*, const char*>{"TEXT", "文本"},
                                    {"INT", "整数"},
                                    {"UINT", "整数"},
                                    {"FLOAT", "数字"},
                                    {"BOOLEAN", "是或否"}}) {
    if (type == known) return word;
  }
  return std::string(type);
}

// What went wrong, by its type; the words of a message only say which options it is about.
std::string Fault(const CLI::Error& error) {
  const absl::string_view text = error.what();
  // The two parts that `between` joins.
  const auto parts = [text](absl::string_view between) {
    const size_t at = std::min(text.find(between), text.size());
    return std::pair(text.substr(0, at), text.substr(std::min(at + between.size(), text.size())));
  };
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const absl::string_view name = parts(" is required").first;
    return name == "A subcommand" ? "缺少命令" : absl::StrCat("缺少必填项 ", name);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return absl::StrCat("无法识别的参数：", parts(": ").second);
  }
  if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr) {
    const auto [name, needed] = parts(" requires ");
    return absl::StrCat(name, " 须与 ", needed, " 同时使用");
  }
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    const auto [name, other] = parts(" excludes ");
    return absl::StrCat(name, " 不能与 ", other, " 同时使用");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const auto [name, counts] = parts(": ");
    return absl::StrCat(name, absl::StartsWith(counts, "At Most") ? " 只能给出一次" : " 缺少值");
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    const auto [name, complaint] = parts(": ");
    return absl::StrCat(name, "：", complaint);
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    const auto [name, value] = parts(" = ");
    return absl::StrCat(absl::StripPrefix(name, "Could not convert: "), "：值“", value, "”无效");
  }
  return absl::StrCat("用法错误：", text);
}

}  // namespace

CLI::Validator InWords(const Context& context, const CLI::Validator& check, std::string must,
                       std::string description) {
  if (context.language() != Language::kChinese) return check;
  return CLI::Validator(
      [check, must = std::move(must)](std::string& value) {
        return check(value).empty() ? std::string() : absl::StrCat("值“", value, "”无效，", must);
      },
      std::move(description));
}

CLI::Validator OneOf(const Context& context, std::initializer_list<const char*> words) {
  const std::vector<std::string> known(words.begin(), words.end());
  const CLI::IsMember check(known);
  return InWords(context, check, context.T(Text::kNotOneOf, absl::StrJoin(known, "、")),
                 check.get_description());
}

void TranslateParser(CLI::App& app, const Context& context) {
  if (context.language() != Language::kChinese) {
    app.get_formatter()->column_width(kHelpColumn);
    return;
  }
  app.formatter(std::make_shared<ChineseFormatter>());
  app.option_defaults()->group(kOptions);
  app.failure_message([&context](const CLI::App*, const CLI::Error& error) {
    return absl::StrCat(context.T(Text::kError), Printable(Fault(error)),
                        "\n用 --help 查看用法。\n");
  });
}

void TranslateCommands(CLI::App& app, const Context& context) {
  if (context.language() != Language::kChinese) return;
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (!type.empty()) option->type_name(TypeWord(type.substr(0, type.find(':'))));
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->group(kCommands);
    if (command->get_help_ptr() != nullptr) command->get_help_ptr()->group(kOptions);
    TranslateCommands(*command, context);
  }
}

}  // namespace sqm::cli
