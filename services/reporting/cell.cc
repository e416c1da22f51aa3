#include "services/reporting/cell.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/reporting/fingerprint.h"

namespace sqm::reporting {

QuantityKind KindOf(Quantity quantity) {
  switch (quantity) {
    case Quantity::kSpeedOfAnswer:
    case Quantity::kHandlingTime:
      return QuantityKind::kDistribution;
    case Quantity::kScore:
    case Quantity::kItemShare:
    case Quantity::kCompensation:
      return QuantityKind::kSum;
    default:
      return QuantityKind::kCount;
  }
}

double Moments::Mean() const {
  return n == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(n);
}

double Moments::Variance() const {
  if (n < 2) return 0;
  // n·Σx² - (Σx)², exact: differences of large squares lose nothing.
  const absl::int128 scaled = absl::int128(n) * sum_squares - absl::int128(sum) * sum;
  return static_cast<double>(scaled) / (static_cast<double>(n) * static_cast<double>(n - 1));
}

Cell::Entry* Cell::Find(Quantity quantity) {
  for (Entry& entry : entries_) {
    if (entry.quantity == quantity) return &entry;
  }
  return nullptr;
}

void Cell::MergeMoments(Quantity quantity, const Moments& moments) {
  auto it = std::find_if(entries_.begin(), entries_.end(),
                         [&](const Entry& e) { return e.quantity >= quantity; });
  if (it == entries_.end() || it->quantity != quantity) {
    if (moments != Moments{}) entries_.insert(it, {quantity, moments});
    return;
  }
  it->moments.n += moments.n;
  it->moments.sum += moments.sum;
  it->moments.sum_squares += moments.sum_squares;
  if (it->moments == Moments{}) entries_.erase(it);
}

Sketch& Cell::SketchFor(Quantity quantity) {
  auto it = std::find_if(sketches_.begin(), sketches_.end(),
                         [&](const auto& s) { return s.first >= quantity; });
  if (it == sketches_.end() || it->first != quantity) {
    it = sketches_.insert(it, {quantity, Sketch()});
  }
  return it->second;
}

void Cell::DropIfEmpty(Quantity quantity) {
  auto it = std::find_if(sketches_.begin(), sketches_.end(),
                         [&](const auto& s) { return s.first == quantity; });
  if (it != sketches_.end() && it->second.empty()) sketches_.erase(it);
}

void Cell::Add(Quantity quantity, int64_t value, int sign) {
  const QuantityKind kind = KindOf(quantity);
  Moments moments;
  moments.Add(kind == QuantityKind::kCount ? 0 : value, sign);
  MergeMoments(quantity, moments);
  if (kind == QuantityKind::kDistribution) {
    SketchFor(quantity).Add(value, sign);
    DropIfEmpty(quantity);
  }
}

void Cell::Merge(const Cell& other) {
  for (const Entry& entry : other.entries_) MergeMoments(entry.quantity, entry.moments);
  for (const auto& [quantity, sketch] : other.sketches_) {
    SketchFor(quantity).Merge(sketch);
    DropIfEmpty(quantity);
  }
}

absl::Status Cell::MergeEncoded(absl::string_view encoded) {
  wire::Reader in(encoded);
  while (!in.done() && in.ok()) {
    const auto quantity = static_cast<Quantity>(in.Unsigned());
    const QuantityKind kind = KindOf(quantity);
    Moments moments;
    moments.n = in.Signed();
    if (kind != QuantityKind::kCount) {
      moments.sum = in.Signed();
      moments.sum_squares = absl::int128(in.Wide());
    }
    if (!in.ok()) break;
    MergeMoments(quantity, moments);
    if (kind == QuantityKind::kDistribution) {
      SketchFor(quantity).MergeEncoded(in);
      DropIfEmpty(quantity);
    }
  }
  if (in.ok()) return absl::OkStatus();
  return Fail(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_INTERNAL,
              "a rollup cell is damaged");
}

int64_t Cell::Count(Quantity quantity) const {
  for (const Entry& entry : entries_) {
    if (entry.quantity == quantity) return entry.moments.n;
  }
  return 0;
}

Moments Cell::Of(Quantity quantity) const {
  for (const Entry& entry : entries_) {
    if (entry.quantity == quantity) return entry.moments;
  }
  return {};
}

const Sketch& Cell::SketchOf(Quantity quantity) const {
  static const Sketch none;
  for (const auto& [key, sketch] : sketches_) {
    if (key == quantity) return sketch;
  }
  return none;
}

uint64_t Cell::Fingerprint(uint64_t seed) const {
  uint64_t sum = 0;
  for (const Entry& entry : entries_) {
    const uint64_t quantity = Mixed(seed, static_cast<int64_t>(entry.quantity));
    sum += Weighed(Mixed(quantity, -1), entry.moments.n);
    sum += Weighed(Mixed(quantity, -2), entry.moments.sum);
    sum += Weighed(Mixed(quantity, -3),
                   static_cast<int64_t>(absl::Int128Low64(entry.moments.sum_squares)));
  }
  for (const auto& [quantity, sketch] : sketches_) {
    sum += sketch.Fingerprint(Mixed(seed, static_cast<int64_t>(quantity)));
  }
  return sum;
}

void Cell::Encode(std::string& out) const {
  out.clear();
  for (const Entry& entry : entries_) {
    wire::PutUnsigned(out, static_cast<uint64_t>(entry.quantity));
    wire::PutSigned(out, entry.moments.n);
    const QuantityKind kind = KindOf(entry.quantity);
    if (kind == QuantityKind::kCount) continue;
    wire::PutSigned(out, entry.moments.sum);
    wire::PutWide(out, absl::uint128(entry.moments.sum_squares));
    if (kind == QuantityKind::kDistribution) SketchOf(entry.quantity).Encode(out);
  }
}

}  // namespace sqm::reporting
