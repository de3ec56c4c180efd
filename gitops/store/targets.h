// Targets: what the ledger says of each target, by target. Copies share all but what is changed afterwards: a release
// makes a new State, and of 10,000 targets it touches one.
//
// A value, like std::map of the few calls that it has; a const one may be read by any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "gitops/model/ids.h"

namespace autonomous::store {

struct TargetState;
using TargetPtr = std::shared_ptr<const TargetState>;

class Targets {
  using Chunk = std::vector<std::pair<model::Target, TargetPtr>>;
  using Chunks = std::vector<std::shared_ptr<Chunk>>;
  static constexpr size_t kMostInChunk = 64;

 public:
  using value_type = Chunk::value_type;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Targets::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;
    Iterator() = default;
    Iterator(const Chunks* chunks, size_t chunk, size_t at) : chunks_(chunks), chunk_(chunk), at_(at) {}
    reference operator*() const { return (*(*chunks_)[chunk_])[at_]; }
    pointer operator->() const { return &**this; }
    Iterator& operator++() {
      if (++at_ == (*chunks_)[chunk_]->size()) {
        ++chunk_;
        at_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, std::next(*this)); }
    bool operator==(const Iterator&) const = default;

   private:
    const Chunks* chunks_ = nullptr;
    size_t chunk_ = 0, at_ = 0;
  };
  using const_iterator = Iterator;

  Iterator begin() const { return {&chunks_, 0, 0}; }
  Iterator end() const { return {&chunks_, chunks_.size(), 0}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  Iterator lower_bound(const model::Target& target) const {
    size_t chunk = chunk_of(target);
    if (chunk == chunks_.size()) return end();
    return {&chunks_, chunk, place_in(*chunks_[chunk], target)};
  }
  Iterator find(const model::Target& target) const {
    Iterator at = lower_bound(target);
    return at != end() && at->first == target ? at : end();
  }

  // Made where it is missing; valid until the next one is made.
  TargetPtr& operator[](const model::Target& target) {
    if (chunks_.empty()) {
      chunks_.push_back(std::make_shared<Chunk>());
      return insert(*chunks_[0], 0, target);
    }
    size_t number = std::min(chunk_of(target), chunks_.size() - 1);
    std::shared_ptr<Chunk>& chunk = chunks_[number];
    if (chunk.use_count() > 1) chunk = std::make_shared<Chunk>(*chunk);
    else std::atomic_thread_fence(std::memory_order_acquire);  // after whoever let go of it
    size_t at = place_in(*chunk, target);
    if (at < chunk->size() && (*chunk)[at].first == target) return (*chunk)[at].second;
    if (chunk->size() < kMostInChunk) return insert(*chunk, at, target);
    // One that only grows at its end leaves full chunks behind.
    size_t half = at == chunk->size() ? chunk->size() : chunk->size() / 2;
    auto rest = std::make_shared<Chunk>(chunk->begin() + static_cast<std::ptrdiff_t>(half), chunk->end());
    chunk->resize(half);
    bool later = at >= half;
    Chunk& into = later ? *rest : *chunk;
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(number) + 1, std::move(rest));
    return insert(into, later ? at - half : at, target);
  }

 private:
  // The first chunk whose last target is not before this one; the number of chunks where there is none.
  size_t chunk_of(const model::Target& target) const {
    auto found = std::lower_bound(chunks_.begin(), chunks_.end(), target,
                                  [](const auto& chunk, const auto& wanted) { return chunk->back().first < wanted; });
    return static_cast<size_t>(found - chunks_.begin());
  }
  static size_t place_in(const Chunk& chunk, const model::Target& target) {
    auto found = std::lower_bound(chunk.begin(), chunk.end(), target,
                                  [](const auto& entry, const auto& wanted) { return entry.first < wanted; });
    return static_cast<size_t>(found - chunk.begin());
  }
  TargetPtr& insert(Chunk& chunk, size_t at, const model::Target& target) {
    ++size_;
    return chunk.insert(chunk.begin() + static_cast<std::ptrdiff_t>(at), {target, nullptr})->second;
  }

  Chunks chunks_;  // by target; none is empty
  size_t size_ = 0;
};

}  // namespace autonomous::store
