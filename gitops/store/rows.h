// Rows: the releases of one target, oldest first. Each is kept as a few hundred bytes and unpacked where somebody
// looks: as objects of C++, 100,000 of them would take 150 MB and the start of a daemon with them. The newest one,
// which is asked for all the time, is kept unpacked too.
//
// A value; copies share the bytes. Reading is safe from any thread.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/oid.h"
#include "gitops/model/entry.h"
#include "gitops/model/trailers.h"

namespace autonomous::store {

struct OutcomeRow {
  model::Verdict verdict = model::Verdict::kUnverified;
  Time time{};
  std::string step;
  std::string resource;
  std::string reason;
  std::string looked_at;
  std::vector<model::StepTime> steps;
};

// One release, as listed. Everything else about it: Record::show.
struct ReleaseRow {
  uint32_t number = 0;
  Time time{};
  git::Oid commit;
  git::Oid target_tree;
  git::Oid tag;  // oid of the tag object
  model::Trigger trigger = model::Trigger::kPush;
  std::string source_url;
  std::string source_commit;  // 40 hex digits, or ""
  std::string source_ref;
  std::string subject;       // of the source commit
  std::string author;        // of the source commit, "Name <email>"
  std::string requested_by;  // Who::str(), or ""
  std::string because;
  std::string ticket;
  std::string artifact;
  std::string input_digest;
  std::string intent;
  uint32_t rollback_of = 0;   // 0: it is none
  std::string adopts;         // foreign commit, or ""
  std::string promoted_from;  // ReleaseId::str(), or ""
  std::vector<model::ImageFact> images;
  uint32_t line = 0;  // of its target's ledger, from 0: where the whole entry stands
  std::optional<OutcomeRow> outcome;
};
using ReleaseRowPtr = std::shared_ptr<const ReleaseRow>;

class Rows {
 public:
  size_t size() const { return packed_.size(); }
  bool empty() const { return packed_.empty(); }
  ReleaseRowPtr operator[](size_t i) const;
  ReleaseRowPtr back() const { return last_; }  // null where there is none
  void push_back(ReleaseRowPtr row);
  void replace(size_t i, const ReleaseRow& row);

  // ---- without unpacking
  uint32_t number(size_t i) const;
  Time time(size_t i) const;
  git::Oid target_tree(size_t i) const;
  git::Oid source_commit(size_t i) const;  // zero: none
  // Of the release with this number; size() where there is none.
  size_t find(uint32_t number) const;

  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = ReleaseRowPtr;
    using difference_type = std::ptrdiff_t;
    using pointer = const ReleaseRowPtr*;
    using reference = ReleaseRowPtr;  // made for whoever looks
    Iterator() = default;
    Iterator(const Rows* rows, difference_type at) : rows_(rows), at_(at) {}
    ReleaseRowPtr operator*() const { return (*rows_)[static_cast<size_t>(at_)]; }
    ReleaseRowPtr operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator+=(difference_type n) {
      at_ += n;
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this += -1; }
    Iterator operator++(int) { return {rows_, at_++}; }
    Iterator operator--(int) { return {rows_, at_--}; }
    friend Iterator operator+(Iterator it, difference_type n) { return it += n; }
    friend Iterator operator+(difference_type n, Iterator it) { return it += n; }
    friend Iterator operator-(Iterator it, difference_type n) { return it -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.at_ <=> b.at_; }

   private:
    const Rows* rows_ = nullptr;
    difference_type at_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, static_cast<std::ptrdiff_t>(size())}; }
  std::reverse_iterator<Iterator> rbegin() const { return std::reverse_iterator<Iterator>(end()); }
  std::reverse_iterator<Iterator> rend() const { return std::reverse_iterator<Iterator>(begin()); }

  // ---- for the index (index.h)
  std::string_view bytes(size_t i) const;
  // Rows as they stand one after the other in `text`, which `owner` keeps alive. kCorrupt.
  static Result<Rows> unpack(std::string_view text, uint32_t count, const std::shared_ptr<const void>& owner);

 private:
  std::vector<std::shared_ptr<const char>> packed_;
  ReleaseRowPtr last_;
};

}  // namespace autonomous::store
