#include "gitops/store/rows.h"

#include <algorithm>
#include <cstring>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/store/packing.h"

namespace autonomous::store {

namespace {

// What is looked at without unpacking stands first, at fixed places. Private to one machine: never written into git.
struct Head {
  uint32_t size;  // of all
  uint32_t number;
  int64_t time;
  uint8_t commit[git::Oid::kBytes];
  uint8_t tree[git::Oid::kBytes];
  uint8_t tag[git::Oid::kBytes];
  uint8_t source[git::Oid::kBytes];
  uint32_t rollback_of;
  uint32_t line;
  uint8_t trigger;
  uint8_t has_outcome;
};

Head head_of(const char* packed) {
  Head head;
  std::memcpy(&head, packed, sizeof head);
  return head;
}

void put_oid(uint8_t (&to)[git::Oid::kBytes], const git::Oid& oid) { std::memcpy(to, oid.data(), git::Oid::kBytes); }

std::string pack(const ReleaseRow& row) {
  Head head{};
  head.number = row.number;
  head.time = row.time.time_since_epoch().count();
  put_oid(head.commit, row.commit);
  put_oid(head.tree, row.target_tree);
  put_oid(head.tag, row.tag);
  auto source = git::Oid::parse(row.source_commit);
  if (source) put_oid(head.source, *source);
  head.rollback_of = row.rollback_of;
  head.line = row.line;
  head.trigger = static_cast<uint8_t>(row.trigger);
  head.has_outcome = row.outcome ? 1 : 0;
  std::string out(sizeof head, '\0');
  for (const std::string* text :
       {&row.source_url, &row.source_ref, &row.subject, &row.author, &row.requested_by, &row.because, &row.ticket,
        &row.artifact, &row.input_digest, &row.intent, &row.adopts, &row.promoted_from})
    pack_text(out, *text);
  pack_text(out, source ? "" : row.source_commit);
  pack_number(out, row.images.size());
  for (const model::ImageFact& image : row.images) {
    pack_text(out, image.name);
    pack_text(out, image.reference);
  }
  if (row.outcome) {
    pack_number(out, static_cast<uint64_t>(row.outcome->verdict));
    pack_number(out, static_cast<uint64_t>(row.outcome->time.time_since_epoch().count()));
    for (const std::string* text :
         {&row.outcome->step, &row.outcome->resource, &row.outcome->reason, &row.outcome->looked_at})
      pack_text(out, *text);
    pack_number(out, row.outcome->steps.size());
    for (const model::StepTime& step : row.outcome->steps) {
      pack_text(out, step.name);
      pack_number(out, static_cast<uint64_t>(step.took.count()));
    }
  }
  head.size = static_cast<uint32_t>(out.size());
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

// False where the bytes are not what pack() writes.
bool unpack_into(const char* packed, ReleaseRow& row) {
  Head head = head_of(packed);
  row.number = head.number;
  row.time = Time(Millis(head.time));
  row.commit = git::Oid::from_bytes(head.commit);
  row.target_tree = git::Oid::from_bytes(head.tree);
  row.tag = git::Oid::from_bytes(head.tag);
  row.rollback_of = head.rollback_of;
  row.line = head.line;
  row.trigger = static_cast<model::Trigger>(head.trigger);
  Unpacker in(std::string_view(packed + sizeof head, head.size - sizeof head));
  for (std::string* text :
       {&row.source_url, &row.source_ref, &row.subject, &row.author, &row.requested_by, &row.because, &row.ticket,
        &row.artifact, &row.input_digest, &row.intent, &row.adopts, &row.promoted_from})
    *text = in.text();
  row.source_commit = in.text();
  if (git::Oid source = git::Oid::from_bytes(head.source); !source.is_zero()) row.source_commit = source.hex();
  row.images.resize(in.count());
  for (model::ImageFact& image : row.images) {
    image.name = in.text();
    image.reference = in.text();
  }
  if (head.has_outcome != 0) {
    OutcomeRow outcome;
    outcome.verdict = static_cast<model::Verdict>(in.number());
    outcome.time = Time(Millis(static_cast<int64_t>(in.number())));
    for (std::string* text : {&outcome.step, &outcome.resource, &outcome.reason, &outcome.looked_at}) *text = in.text();
    outcome.steps.resize(in.count());
    for (model::StepTime& step : outcome.steps) {
      step.name = in.text();
      step.took = Millis(static_cast<int64_t>(in.number()));
    }
    row.outcome = std::move(outcome);
  }
  return in.at_end();
}

std::shared_ptr<const char> keep(const std::string& packed) {
  std::shared_ptr<char[]> bytes = std::make_shared<char[]>(packed.size());
  std::memcpy(bytes.get(), packed.data(), packed.size());
  return {bytes, bytes.get()};
}

}  // namespace

ReleaseRowPtr Rows::operator[](size_t i) const {
  if (i + 1 == packed_.size()) return last_;
  auto row = std::make_shared<ReleaseRow>();
  (void)unpack_into(packed_[i].get(), *row);  // ours, or checked by unpack()
  return row;
}

void Rows::push_back(ReleaseRowPtr row) {
  packed_.push_back(keep(pack(*row)));
  last_ = std::move(row);
}

void Rows::replace(size_t i, const ReleaseRow& row) {
  packed_[i] = keep(pack(row));
  if (i + 1 == packed_.size()) last_ = std::make_shared<ReleaseRow>(row);
}

uint32_t Rows::number(size_t i) const { return head_of(packed_[i].get()).number; }
Time Rows::time(size_t i) const { return Time(Millis(head_of(packed_[i].get()).time)); }
git::Oid Rows::target_tree(size_t i) const { return git::Oid::from_bytes(head_of(packed_[i].get()).tree); }
git::Oid Rows::source_commit(size_t i) const { return git::Oid::from_bytes(head_of(packed_[i].get()).source); }

size_t Rows::find(uint32_t number) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    (this->number(middle) < number ? low : high) = this->number(middle) < number ? middle + 1 : middle;
  }
  return low < size() && this->number(low) == number ? low : size();
}

std::string_view Rows::bytes(size_t i) const { return {packed_[i].get(), head_of(packed_[i].get()).size}; }

Result<Rows> Rows::unpack(std::string_view text, uint32_t count, const std::shared_ptr<const void>& owner) {
  Rows rows;
  rows.packed_.reserve(std::min<size_t>(count, text.size() / sizeof(Head)));
  auto damaged = [] { return fail(Code::kCorrupt, "the index holds a row that is none"); };
  for (uint32_t i = 0; i < count; ++i) {
    if (text.size() < sizeof(Head)) return damaged();
    uint32_t size = head_of(text.data()).size;
    if (size < sizeof(Head) || size > text.size()) return damaged();
    rows.packed_.emplace_back(owner, text.data());
    text.remove_prefix(size);
  }
  if (!text.empty()) return damaged();
  if (rows.empty()) return rows;
  auto last = std::make_shared<ReleaseRow>();
  if (!unpack_into(rows.packed_.back().get(), *last)) return damaged();
  rows.last_ = std::move(last);
  return rows;
}

}  // namespace autonomous::store
