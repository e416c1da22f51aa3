#include "services/reporting/report_style.h"

namespace sqm::reporting {

// Contrast of every text against its ground is at least 4.5 to 1, of marks at least 3 to 1.
absl::string_view ReportStyle() {
  static constexpr char kStyle[] = R"(
:root { color-scheme: light dark;
  --page: #f4f5f7; --sheet: #ffffff; --ink: #1b2430; --soft: #3d4957; --muted: #5d6978;
  --line: #e2e6eb; --faint: #f6f7f9; --accent: #1f5d8c;
  --answered: #2f6f9f; --abandoned: #cf6a32; --other: #87919e;
  --excellent: #1f7a57; --good: #579560; --improve: #b27a18; --fail: #b8432f; --neutral: #5f7f9c;
  --z-excellent: #e3f1ea; --z-good: #eef6ec; --z-improve: #fbf3df; --z-fail: #faeae6;
  --ok-ink: #17603f; --bad-ink: #a3341f; --warn: #8a5a00; --warn-bg: #fdf5e3; --warn-line: #e5c06a; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
    "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif;
  font-variant-numeric: tabular-nums lining-nums; }
:lang(zh) { line-break: strict; }
main { max-width: 1060px; margin: 32px auto; padding: 44px 50px 32px; background: var(--sheet);
  border: 1px solid var(--line); border-radius: 10px; }
header { padding-bottom: 20px; border-bottom: 2px solid var(--ink); }
.eyebrow { display: block; margin: 0 0 4px; color: var(--accent); font-size: 13px; font-weight: 600;
  letter-spacing: .04em; line-height: 1.5; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; }
.period { margin: 8px 0 0; color: var(--muted); font-size: 14px; }
.period b { color: var(--soft); font-weight: 600; }
h2 { margin: 44px 0 14px; font-size: 20px; line-height: 1.3; font-weight: 650; }
h3 { margin: 0 0 10px; font-size: 14px; font-weight: 600; color: var(--soft); }
p { margin: 0 0 12px; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.lead { color: var(--soft); }
.small { color: var(--muted); font-size: 13px; }
.notices { margin: 20px 0 0; padding: 0; list-style: none; }
.notices li { margin: 0 0 8px; padding: 9px 14px; background: var(--faint);
  border-left: 3px solid var(--other); border-radius: 0 6px 6px 0; font-size: 14px; }
.notices li.warn { background: var(--warn-bg); border-color: var(--warn-line); }
.notices .tag { margin-right: 8px; padding: 1px 7px; border: 1px solid var(--warn-line);
  border-radius: 99px; color: var(--warn); font-size: 12px; font-weight: 650; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 24px 0 0; }
.tile { display: flex; flex-direction: column; padding: 14px 16px 13px; border: 1px solid var(--line);
  border-radius: 8px; }
.tile h3 { margin: 0; font-size: 13px; color: var(--muted); }
.tile .value { margin: 2px 0 6px; font-size: 29px; line-height: 1.2; font-weight: 650;
  letter-spacing: -.015em; }
.tile .value span { margin-left: 5px; color: var(--muted); font-size: 13px; font-weight: 500;
  letter-spacing: 0; white-space: nowrap; }
.tile .line { color: var(--muted); font-size: 12px; line-height: 1.55; }
.status { display: inline-block; font-weight: 600; }
.status.met { color: var(--ok-ink); } .status.missed { color: var(--bad-ink); }
.tile .foot { margin-top: auto; }
.pair { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 36px;
  align-items: start; }
figure { margin: 0 0 18px; }
figcaption { margin: 0 0 10px; font-size: 14px; font-weight: 600; color: var(--soft); }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.scroll { position: relative; overflow-x: auto; margin: 0 0 18px; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; line-height: 1.4; }
caption { text-align: left; padding: 0 0 8px; font-size: 14px; font-weight: 600; color: var(--soft); }
th, td { padding: 6px 8px; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-size: 12px; font-weight: 600; border-bottom: 1px solid var(--other);
  vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 500; }
tfoot th, tfoot td { font-weight: 650; border-bottom: 0; border-top: 1px solid var(--other); }
.num { text-align: right; white-space: nowrap; }
.of { color: var(--muted); font-size: 11.5px; }
.ci { color: var(--muted); font-size: 12px; white-space: nowrap; }
.hours { font-size: 11.5px; table-layout: fixed; }
.hours th, .hours td { padding: 4px 1px; text-align: right; }
.hours th:first-child { width: 92px; text-align: left; white-space: nowrap; }
.hours .zero { color: var(--muted); }
.mark { display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 2px; }
td.text { white-space: normal; overflow-wrap: anywhere; min-width: 4.5em; }
code { font: 12px/1.4 ui-monospace, "SF Mono", "DejaVu Sans Mono", Consolas, monospace;
  color: var(--soft); overflow-wrap: anywhere; }
footer { margin-top: 40px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--muted);
  font-size: 12px; }
footer p { margin: 0 0 3px; }
text { font-size: 12px; fill: var(--ink); }
.t-label { text-anchor: end; } .t-value { fill: var(--soft); } .t-note { fill: var(--soft); }
.t-muted { fill: var(--muted); } .t-tick { fill: var(--muted); text-anchor: end; font-size: 11px; }
.t-count { fill: var(--soft); text-anchor: middle; font-size: 10.5px; }
.t-hour { fill: var(--muted); text-anchor: middle; font-size: 11px; }
.t-zone { fill: var(--muted); text-anchor: middle; font-size: 11.5px; }
.s-axis { stroke: var(--other); stroke-width: 1; } .s-grid { stroke: var(--line); stroke-width: 1; }
.s-whisker { stroke: var(--soft); stroke-width: 1.4; }
.s-line { stroke: var(--accent); stroke-width: 2; fill: none; } .f-line { fill: var(--accent); }
.t-left { fill: var(--muted); font-size: 11px; }
.f-answered { fill: var(--answered); background: var(--answered); }
.f-abandoned { fill: var(--abandoned); background: var(--abandoned); }
.f-other { fill: var(--other); background: var(--other); }
.f-neutral { fill: var(--neutral); background: var(--neutral); }
.f-b1 { fill: var(--excellent); background: var(--excellent); }
.f-b2 { fill: var(--good); background: var(--good); }
.f-b3 { fill: var(--improve); background: var(--improve); }
.f-b4 { fill: var(--fail); background: var(--fail); }
.z-b1 { fill: var(--z-excellent); } .z-b2 { fill: var(--z-good); }
.z-b3 { fill: var(--z-improve); } .z-b4 { fill: var(--z-fail); }
.z-other { fill: var(--faint); }
circle { stroke: var(--sheet); stroke-width: 1.5; }
rect { stroke: var(--sheet); stroke-width: .5; } /* parts of a bar are told apart without their colours too */
.dot-hollow { fill: var(--sheet); stroke: var(--muted); stroke-width: 1.6; }
@media screen and (max-width: 820px) {
  main { margin: 0; padding: 24px 18px; border: 0; border-radius: 0; }
  .tiles { grid-template-columns: repeat(2, 1fr); } .pair { grid-template-columns: minmax(0, 1fr); gap: 8px; }
  figure { position: relative; overflow-x: auto; } svg.wide { min-width: 760px; } .hours { min-width: 700px; }
  tbody th { min-width: 7em; } }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #10151b; --sheet: #171d25; --ink: #e8ecf1; --soft: #c3cbd5; --muted: #98a3b1;
  --line: #2b343f; --faint: #1d242d; --accent: #7fb7e3; --answered: #5b9fd3; --abandoned: #e58a55;
  --other: #7d8997; --excellent: #4cb488; --good: #86bd8b; --improve: #dba94a; --fail: #e07a66;
  --neutral: #86a5c1; --z-excellent: #1b3029; --z-good: #212f25; --z-improve: #332c1b; --z-fail: #37231f;
  --ok-ink: #6fcf9f; --bad-ink: #f0937f; --warn: #f0c979; --warn-bg: #2c2616; --warn-line: #7a6126; } }
@page { size: A4; margin: 13mm 12mm 15mm; }
@media print {
  :root { color-scheme: light; } body { background: #fff; font-size: 10.5pt; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; margin: 0; padding: 0; border: 0; } h1 { font-size: 21pt; }
  h2 { margin-top: 20pt; break-after: avoid; } h3, caption, figcaption, .lead, .small { break-after: avoid; }
  .tile, figure, svg, .notices li, tr, .keep { break-inside: avoid; } tbody tr:first-child, tbody tr:last-child, tfoot tr { break-before: avoid; }
  thead { display: table-header-group; } tfoot { display: table-row-group; }
  tbody th { min-width: 6em; overflow-wrap: anywhere; } .scroll { overflow: visible; } table { font-size: 9pt; } .hours { font-size: 7.5pt; } .of { font-size: 7pt; }
  .tiles { gap: 8px; margin-top: 12pt; } .pair.wide { display: block; } .tile { padding: 9px 10px; } .tile .value { font-size: 17pt; }
  .tile .line { font-size: 8pt; } .pair { gap: 24px; } .hours th:first-child { width: 76px; } a { color: inherit; } }
)";
  return kStyle;
}

}  // namespace sqm::reporting
