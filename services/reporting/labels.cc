#include "services/reporting/labels.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "sqm/options/v1/options.pb.h"

namespace sqm::reporting {
namespace {

struct Entry {
  const char* key;
  const char* en;
  const char* zh;
};

constexpr Entry kCatalogue[] = {
    {"title.daily", "Daily service quality report", "服务质量日报"},
    {"product", "Service quality", "服务质量管理"},
    {"period", "Period", "统计区间"},
    {"zone", "Time zone", "时区"},
    {"key-figures", "Key figures", "关键指标"},
    {"notices", "Please note", "阅读提示"},
    {"simulated", "Simulated", "模拟数据"},
    {"day-before", "Day before", "前一日"},
    {"target", "Target", "目标"},
    {"target.met", "met", "达标"},
    {"target.missed", "missed", "未达标"},
    {"target.insufficient", "insufficient sample", "样本不足"},
    {"interval", "95% interval", "95% 置信区间"},
    {"interval.short", "95% CI", "95% 区间"},
    {"no-data", "No data", "暂无数据"},
    {"unit.minutes", "min:s", "分:秒"},
    {"unit.of5", "of 5", "/ 5 分"},
    {"unit.of100", "of 100", "/ 100 分"},
    {"unchanged", "unchanged", "持平"},
    {"up", "up", "上升"},
    {"down", "down", "下降"},
    {"points", "$0 pp", "$0 个百分点"},
    {"mark.between", "; ", "；"},
    {"mark.end", ".", "。"},

    {"contacts", "Contacts", "联络情况"},
    {"contacts.count", "Contacts", "联络量"},
    {"contacts.by-type", "Contacts by type", "联络量（按类型）"},
    {"contacts.by-type.desc", "Horizontal bars: contacts of each type, divided by answer state. $0",
     "横向条形图：各类型联络量，按应答状态分段。$0"},
    {"contacts.by-hour", "Contacts by hour", "联络量（按小时）"},
    {"contacts.by-hour.desc",
     "Columns: contacts that began in each local hour. Busiest: $0 with $1.",
     "柱状图：当地时间每小时开始的联络量。最忙时段：$0，$1 次。"},
    {"contacts.by-state", "Answer state", "应答状态"},
    {"contacts.by-channel", "Channel", "渠道"},
    {"type", "Type", "类型"},
    {"type.rest", "$0 more types", "其余 $0 种类型"},
    {"contacts.types-limit", "The chart names the first $0 of $1 types; the table shows all.",
     "图中列出前 $0 种类型（共 $1 种），下表列出全部。"},
    {"type.none", "No type recorded", "未记录类型"},
    {"agent.none", "Nobody", "未记录客服代表"},
    {"total", "Total", "合计"},
    {"share", "Share", "占比"},
    {"count", "Count", "数量"},
    {"hour", "Hour", "时段"},
    {"resolved", "Resolved", "一次解决"},
    {"handling", "Handling\n(min:s)", "处理时长\n（分:秒）"},
    {"satisfaction.short", "Satisfaction\n(1–5)", "满意度\n（1–5 分）"},

    {"service", "Speed and resolution", "应答速度与一次解决"},
    {"service.intro", "Times in minutes:seconds, over answered contacts.",
     "时间格式为“分:秒”，统计范围为已接听的联络。"},
    {"service.times", "Times", "时长"},
    {"service.shares", "Shares", "比率"},
    {"measure", "Measure", "指标"},
    {"value", "Value", "数值"},
    {"mean", "Mean", "均值"},
    {"median", "Median", "中位数"},
    {"p90", "90th pct.", "90 分位"},
    {"speed-of-answer", "Speed of answer", "应答时长"},
    {"handling-time", "Handling time", "处理时长"},
    {"answered", "Answered", "接通率"},
    {"within", "Answered within $0 s", "$0 秒内接听率"},
    {"fcr", "Resolved at first contact", "一次解决率"},

    {"satisfaction", "Customer satisfaction", "客户满意度"},
    {"satisfaction.distribution", "Ratings given", "评分分布"},
    {"satisfaction.desc", "Horizontal bars: number of ratings of each value, 5 to 1. $0",
     "横向条形图：5 至 1 分各分值的评价数量。$0"},
    {"satisfaction.summary", "Summary", "汇总"},
    {"satisfaction.mean", "Mean rating", "平均评分"},
    {"satisfaction.top2", "Satisfied (4 or 5)", "满意率（4–5 分）"},
    {"satisfaction.response", "Answered contacts with a rating", "已接听联络的评价率"},
    {"rating", "Rating", "评分"},
    {"rating.1", "1 · very dissatisfied", "1 · 很不满意"},
    {"rating.2", "2 · dissatisfied", "2 · 不满意"},
    {"rating.3", "3 · neutral", "3 · 一般"},
    {"rating.4", "4 · satisfied", "4 · 满意"},
    {"rating.5", "5 · very satisfied", "5 · 很满意"},

    {"monitoring", "Quality monitoring", "服务质量监控"},
    {"monitoring.summary", "$0 evaluations, $1 agents covered.",
     "共 $0 份监听记录，覆盖 $1 名客服代表。"},
    {"monitoring.fatal", " $0 failed on a fatal item.", "其中 $0 份触犯一票否决项。"},
    {"monitoring.by-band", "Evaluations by band", "等级分布"},
    {"monitoring.by-band.desc", "Horizontal bars: number of evaluations in each band. $0",
     "横向条形图：各等级的监听记录数。$0"},
    {"monitoring.by-method", "By method", "按监控方式"},
    {"method", "Method", "监控方式"},
    {"band", "Band", "等级"},
    {"band.none", "No band", "无等级"},
    {"score", "Mean score\n(of 100)", "平均分\n（满分 100）"},

    {"agents", "Agents", "客服代表表现"},
    {"agents.scores", "Monitoring score by agent, with 95% interval",
     "各客服代表监控平均分及 95% 置信区间"},
    {"agents.desc",
     "Dot plot: mean monitoring score of each agent with its 95% interval, on a scale from $0 to "
     "100 points. The table that follows holds every figure.",
     "点图：各客服代表监控平均分及其 95% 置信区间，坐标范围 $0 至 100 分。全部数值见下表。"},
    {"agents.limit", "The chart shows the first $0 of $1 agents; the table shows all.",
     "图中显示前 $0 名客服代表（共 $1 名），下表列出全部。"},
    {"agents.min-n",
     "Below $0 evaluations a score is an insufficient sample: it carries no band and no "
     "rank, and its dot is hollow. Equal scores share a rank.",
     "监听记录少于 $0 "
     "份时视为样本不足，不评等级、不参与排名（图中为空心点）；得分相同者名次并列。"},
    {"agent", "Agent", "客服代表"},
    {"rank", "Rank", "名次"},
    {"insufficient", "insufficient sample", "样本不足"},

    {"items", "Scorecard items", "评分项表现"},
    {"items.scores", "Share of points earned, weakest first", "得分率（由低到高）"},
    {"items.desc", "Horizontal bars: share of possible points earned in each item. $0",
     "横向条形图：各评分项的得分率。$0"},
    {"items.limit", "The chart shows the $0 weakest of $1 items; the table shows all.",
     "图中显示得分率最低的 $0 项（共 $1 项），下表列出全部。"},
    {"item", "Item", "评分项"},
    {"item.share", "Earned", "得分率"},
    {"item.below", "Below full", "未得满分"},
    {"item.na", "N/A", "不适用"},

    {"notes", "Improvement notes", "改进建议单"},
    {"notes.none", "No improvement note was written.", "当日未开具改进建议单。"},
    {"notes.summary", "$0 written", "共开具 $0 份"},
    {"note.text", "What is to be better", "改进内容"},
    {"note.due", "Due", "截止日期"},
    {"note.state", "State", "状态"},

    {"cases", "Complaints and other cases", "投诉与其他个案"},
    {"cases.empty", "No case came in, ended or was open on this day.",
     "当日没有新增、办结或未结的个案。"},
    {"cases.unread", "No case has been read yet.", "尚未读取任何个案数据。"},
    {"cases.by-kind", "By kind", "按类型统计"},
    {"cases.kind", "Kind", "类型"},
    {"cases.opened", "Opened", "新增"},
    {"cases.closed", "Closed", "办结"},
    {"cases.reopened", "Reopened", "重开"},
    {"cases.open", "Open", "未结"},
    {"cases.overdue", "Overdue", "超时"},
    {"cases.by-end", "How they ended", "结束方式"},
    {"cases.ageing", "Open at the end of the day, by age", "期末未结个案（按未结时长）"},
    {"cases.ageing.desc", "Horizontal bars: cases open at the end of the day by age. $0",
     "横向条形图：各未结时长区间的期末未结个案数。$0"},
    {"age.1d", "up to 1 day", "1 天内"},
    {"age.3d", "1–3 days", "1–3 天"},
    {"age.7d", "3–7 days", "3–7 天"},
    {"age.30d", "7–30 days", "7–30 天"},
    {"age.older", "over 30 days", "30 天以上"},
    {"cases.age", "Age", "未结时长"},
    {"cases.pareto", "Complaints that came in, by category", "新增投诉（按分类）"},
    {"cases.pareto.desc",
     "Pareto chart: columns for the number of complaints of each category, most first; a line for "
     "their share added up. $0",
     "帕累托图：柱形为各分类投诉数（由多到少），折线为累计占比。$0"},
    {"cases.causes", "Complaints that were closed, by root cause", "办结投诉（按根本原因）"},
    {"cases.causes.desc",
     "Pareto chart: columns for the number of closed complaints of each root cause, most first; a "
     "line for their share added up. $0",
     "帕累托图：柱形为各根本原因的办结投诉数（由多到少），折线为累计占比。$0"},
    {"cause", "Root cause", "根本原因"},
    {"cause.none", "No root cause recorded", "未记录根本原因"},
    {"cause.rest", "$0 more causes", "其余 $0 个根本原因"},
    {"cases.cumulative", "Cumulative", "累计占比"},
    {"category", "Category", "分类"},
    {"category.none", "No category", "未分类"},
    {"category.rest", "$0 more categories", "其余 $0 个分类"},
    {"cases.deadlines", "Deadlines", "时效"},
    {"cases.deadline", "Deadline", "时效"},
    {"cases.in-time", "In time", "按时完成"},
    {"cases.by-team", "By team", "按团队统计"},
    {"team", "Team", "团队"},
    {"team.none", "No team", "未分配团队"},
    {"cases.marks", "Marks given to the handling", "处理满意度评分"},
    {"cases.compensation", "Compensation and rewards", "补偿与奖励"},
    {"currency", "Currency", "币种"},
    {"amount", "Amount", "金额"},
    {"cases.disclosures",
     "Apart from these, disclosures: $0 came in, $1 closed, $2 open, by the day of UTC.",
     "另有举报（按 UTC 日期计）：新增 $0 件，办结 $1 件，未结 $2 件。"},

    {"definitions", "How the figures are made", "指标口径"},
    {"meaning", "Meaning and formula", "含义与计算公式"},
    {"footer.sources", "Data read up to: $0", "数据截至：$0"},
    {"footer.position", "position $0", "位置 $0"},
    {"source.monitoring", "monitoring", "服务质量监控"},
    {"source.complaints", "complaints", "投诉管理"},
    {"footer.none", "no data read yet", "尚未读取数据"},
    {"footer.version", "Definitions, version $0", "指标定义版本 $0"},
    {"footer.intervals",
     "n: number of records that a figure rests on. Intervals (CI) are 95%: Wilson for proportions, "
     "Student's t for means. Medians and percentiles are within 1%.",
     "n 为样本数。置信区间均为 95%：比例采用 Wilson 法，均值采用 t 分布；中位数与分位数误差不超过 "
     "1%。"},

    {"notice.simulated-scores",
     "$0 of $1 evaluations are simulated: their scores were made up for a demonstration and judge "
     "nobody.",
     "$1 份监听记录中有 $0 份为模拟数据：其得分仅用于演示，不代表任何人的真实表现。"},
    {"notice.simulated-contacts", "$0 of $1 contacts are simulated.",
     "$1 次联络中有 $0 次为模拟数据。"},
    {"notice.read-anew",
     "The source $0 is being read anew: a part of its facts is still missing from all figures.",
     "正在重新读取“$0”的数据，所有数值均可能尚不完整。"},
    {"notice.incomplete-day",
     "The source $0 has been read up to $1, before the end of the day: figures may still grow.",
     "“$0”的数据仅读取至 $1，当日数值可能继续变化。"},
    {"notice.ends-assumed",
     "The end of $0 of the $1 ended cases has no known time: each counts on the last day that is "
     "known of it.",
     "$1 件已结束个案中有 $0 件的结束时间不详，按最后一个已知日期计入。"},
    {"notice.no-source", "No source has been read yet.", "尚未读取任何数据来源。"},
    {"notice.no-contacts", "No contact began on this day.", "当日没有联络记录。"},
    {"notice.clock-change", "The clock changes on this day: it has $0 hours.",
     "当日时钟调整，全天共 $0 小时。"},
    {"notice.notes-omitted", "Only the first $0 of $1 improvement notes are listed.",
     "仅列出 $1 份改进建议单中的前 $0 份。"},
};

const Entry* Find(absl::string_view key) {
  static const auto* index = [] {
    auto* made = new absl::flat_hash_map<absl::string_view, const Entry*>();
    for (const Entry& entry : kCatalogue) made->emplace(entry.key, &entry);
    return made;
  }();
  const auto it = index->find(key);
  return it == index->end() ? nullptr : it->second;
}

}  // namespace

std::optional<Language> LanguageOf(absl::string_view tag) {
  for (absl::string_view part : absl::StrSplit(tag, ',')) {
    const std::string lower = absl::AsciiStrToLower(absl::StripAsciiWhitespace(part));
    const std::string primary = lower.substr(0, lower.find_first_of("-_;"));
    if (primary == "zh") return Language::kChinese;
    if (primary == "en") return Language::kEnglish;
  }
  return std::nullopt;
}

absl::string_view TagOf(Language language) {
  return language == Language::kChinese ? "zh-CN" : "en";
}

absl::string_view Say(Language language, absl::string_view key) {
  const Entry* entry = Find(key);
  if (entry == nullptr) return key;
  return language == Language::kChinese ? entry->zh : entry->en;
}

absl::string_view SourceText(Language language, absl::string_view source) {
  const std::string key = absl::StrCat("source.", source);
  const absl::string_view text = Say(language, key);
  return text == key ? source : text;
}

const std::string& Pick(Language language, const type::v1::Text& text) {
  const std::string& wanted = language == Language::kChinese ? text.zh() : text.en();
  const std::string& other = language == Language::kChinese ? text.en() : text.zh();
  return wanted.empty() ? other : wanted;
}

std::string EnumLabel(Language language, const google::protobuf::EnumDescriptor* type,
                      absl::string_view key) {
  const std::string zero = type->FindValueByNumber(0)->name();
  const std::string prefix = zero.substr(0, zero.size() - sizeof("UNSPECIFIED") + 1);
  const std::string name = key.empty() ? zero : absl::StrCat(prefix, absl::AsciiStrToUpper(key));
  const auto* value = type->FindValueByName(name);
  if (value == nullptr) return std::string(key);
  const options::v1::Label& label = value->options().GetExtension(options::v1::label);
  const std::string& text = language == Language::kChinese ? label.zh() : label.en();
  return text.empty() ? std::string(key) : text;
}

}  // namespace sqm::reporting
