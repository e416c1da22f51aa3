#include "services/reporting/rollup.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/reporting/wire.h"

namespace sqm::reporting {

void EncodeFact(const Fact& fact, absl::Span<const DimensionsId> dimensions, std::string& out) {
  out.clear();
  wire::PutUnsigned(out, fact.parts.size());
  for (size_t i = 0; i < fact.parts.size(); ++i) {
    const auto& observations = fact.parts[i].observations;
    wire::PutUnsigned(out, static_cast<uint64_t>(dimensions[i]));
    if (fact.kind == FactKind::kCase) wire::PutSigned(out, fact.parts[i].offset);
    wire::PutUnsigned(out, observations.size());
    for (const Observation& seen : observations) {
      wire::PutUnsigned(out, static_cast<uint64_t>(seen.quantity));
      if (KindOf(seen.quantity) != QuantityKind::kCount) wire::PutSigned(out, seen.value);
    }
  }
  if (fact.kind == FactKind::kCase) {
    wire::PutUnsigned(out, fact.spans.size());
    for (const Span& span : fact.spans) {
      wire::PutUnsigned(out, static_cast<uint64_t>(span.standing));
      wire::PutUnsigned(out, span.kind);
      for (Bucket bucket : {span.since, span.first, span.last}) wire::PutSigned(out, bucket);
    }
  }
  if (fact.kind != FactKind::kNote) return;
  wire::PutText(out, fact.note.agent);
  wire::PutText(out, fact.note.state);
  wire::PutText(out, fact.note.text);
  wire::PutSigned(out, fact.note.due_ms);
}

absl::StatusOr<StoredFact> StoredFact::Decode(FactKind kind, Bucket bucket,
                                              absl::string_view body) {
  StoredFact fact;
  fact.bucket = bucket;
  wire::Reader in(body);
  for (uint64_t left = in.Unsigned(); left > 0 && in.ok(); --left) {
    Part& part = fact.parts.emplace_back();
    part.dimensions = static_cast<DimensionsId>(in.Unsigned());
    if (kind == FactKind::kCase) part.offset = in.Signed();
    for (uint64_t seen = in.Unsigned(); seen > 0 && in.ok(); --seen) {
      const auto quantity = static_cast<Quantity>(in.Unsigned());
      const bool counted = KindOf(quantity) == QuantityKind::kCount;
      part.observations.push_back({quantity, counted ? 1 : in.Signed()});
    }
  }
  if (kind == FactKind::kCase) {
    for (uint64_t left = in.Unsigned(); left > 0 && in.ok(); --left) {
      Span& span = fact.spans.emplace_back();
      span.standing = static_cast<Standing>(in.Unsigned());
      span.kind = static_cast<uint8_t>(in.Unsigned());
      span.since = in.Signed();
      span.first = in.Signed();
      span.last = in.Signed();
    }
  }
  if (kind == FactKind::kNote) {
    fact.note.agent = std::string(in.Text());
    fact.note.state = std::string(in.Text());
    fact.note.text = std::string(in.Text());
    fact.note.due_ms = in.Signed();
  }
  if (in.ok() && in.done()) return fact;
  return Fail(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_INTERNAL,
              "a stored fact is damaged");
}

void RollupDelta::Add(const Fact& fact, absl::Span<const DimensionsId> dimensions) {
  for (size_t i = 0; i < fact.parts.size(); ++i) {
    Cell& cell = cells_[{fact.bucket + fact.parts[i].offset, dimensions[i]}];
    for (const Observation& seen : fact.parts[i].observations) {
      cell.Add(seen.quantity, seen.value, 1);
    }
  }
  AddSpans(fact.spans, 1);
}

void RollupDelta::Subtract(const StoredFact& fact) {
  for (const StoredFact::Part& part : fact.parts) {
    Cell& cell = cells_[{fact.bucket + part.offset, part.dimensions}];
    for (const Observation& seen : part.observations) cell.Add(seen.quantity, seen.value, -1);
  }
  AddSpans(fact.spans, -1);
}

void RollupDelta::AddSpans(const std::vector<Span>& spans, int64_t sign) {
  for (const Span& span : spans) {
    const auto it = spans_.try_emplace(span, 0).first;
    it->second += sign;
    if (it->second == 0) spans_.erase(it);
  }
}

std::vector<std::pair<CellKey, const Cell*>> RollupDelta::Sorted() const {
  std::vector<std::pair<CellKey, const Cell*>> result;
  result.reserve(cells_.size());
  for (const auto& [key, cell] : cells_) {
    if (!cell.empty()) result.emplace_back(key, &cell);
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return result;
}

absl::Status CellSet::Add(Bucket bucket, DimensionsId dimensions, absl::string_view encoded) {
  const auto [it, fresh] = index_.try_emplace(dimensions, rows_.size());
  if (fresh) rows_.emplace_back().contacts_by_slot.resize(slot_starts_.size());
  Row& row = rows_[it->second];
  const int64_t before = row.total.Count(Quantity::kContacts);
  absl::Status merged = row.total.MergeEncoded(encoded);
  const auto next = std::upper_bound(slot_starts_.begin(), slot_starts_.end(), bucket);
  if (next != slot_starts_.begin()) {
    row.contacts_by_slot[static_cast<size_t>(next - slot_starts_.begin() - 1)] +=
        row.total.Count(Quantity::kContacts) - before;
  }
  return merged;
}

std::vector<DimensionsId> CellSet::Ids() const {
  std::vector<DimensionsId> ids;
  ids.reserve(index_.size());
  for (const auto& [id, row] : index_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace sqm::reporting
