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

// Where descriptions begin, on a terminal that is wide enough; on others in the middle.
constexpr size_t kHelpColumn = 34;
constexpr size_t kNarrowest = 40;
// Group of the options, and of the commands.
constexpr char kOptions[] = "选项";
constexpr char kCommands[] = "命令";

// Help within the width of the terminal. CLI11 counts bytes where columns are meant, and breaks no
// lines. What is to be copied, usage and examples, is left whole.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(size_t width)
      : width_(std::max(width, kNarrowest)), column_(std::min(kHelpColumn, width_ / 2)) {}

  std::string make_description(const CLI::App* app) const override {
    const std::string description = CLI::Formatter::make_description(app);
    if (description.empty()) return "";
    return absl::StrCat(absl::StrJoin(Wrap(description, width_), "\n"), "\n");
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    return Line(sub->get_display_name(true), sub->get_description());
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return Line(absl::StrCat(make_option_name(option, is_positional), make_option_opts(option)),
                make_option_desc(option));
  }

 private:
  std::string Line(absl::string_view name, absl::string_view description) const {
    const std::string margin = absl::StrCat("\n", std::string(column_, ' '));
    std::string line = absl::StrCat("  ", name);
    if (!description.empty()) {
      line = DisplayWidth(line) < column_ ? PadRight(line, column_) : absl::StrCat(line, margin);
      absl::StrAppend(&line, absl::StrJoin(Wrap(description, width_ - column_), margin));
    }
    return absl::StrCat(line, "\n");
  }

  const size_t width_;
  const size_t column_;
};

class ChineseFormatter : public HelpFormatter {
 public:
  explicit ChineseFormatter(size_t width) : HelpFormatter(width) {
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
  std::string make_option_opts(const CLI::Option* option) const override {
    return absl::StrReplaceAll(CLI::Formatter::make_option_opts(option),
                               {{"须同用: ", "须同用："}, {"不可同用: ", "不可同用："}});
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
  const auto width = static_cast<size_t>(ReadingWidth(context.out()));
  if (context.language() != Language::kChinese) {
    app.formatter(std::make_shared<HelpFormatter>(width));
    return;
  }
  app.formatter(std::make_shared<ChineseFormatter>(width));
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
