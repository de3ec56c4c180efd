#include "render/template/arena.h"

#include <algorithm>
#include <cstdlib>

namespace autonomous::render {
namespace {

constexpr size_t kLargestBlock = size_t{4} << 20;

}  // namespace

void* Arena::allocate_slow(size_t size, size_t alignment) {
  size_t wanted = size + alignment + sizeof(Block);
  size_t usual = block_ == nullptr ? first_ : std::min(block_->size * 2, kLargestBlock);
  size_t bytes = std::max(wanted, usual);
  if (size > limit_ || bytes > limit_ - std::min(limit_, taken_)) throw ArenaFull();
  auto* block = static_cast<Block*>(std::malloc(bytes));
  if (block == nullptr) throw std::bad_alloc();
  taken_ += bytes;
  auto start = reinterpret_cast<uintptr_t>(block + 1);
  auto at = (start + alignment - 1) & ~(alignment - 1);
  if (bytes > usual && block_ != nullptr) {
    // A large object gets a block of its own below the current one, which goes on being filled.
    *block = {block_->before, bytes};
    block_->before = block;
    return reinterpret_cast<void*>(at);
  }
  *block = {block_, bytes};
  block_ = block;
  next_ = reinterpret_cast<char*>(at + size);
  end_ = reinterpret_cast<char*>(block) + bytes;
  return reinterpret_cast<void*>(at);
}

void Arena::charge(size_t size) {
  if (size > limit_ - std::min(limit_, taken_)) throw ArenaFull();
  taken_ += size;
}

void Arena::release() {
  while (block_ != nullptr) {
    Block* before = block_->before;
    std::free(block_);
    block_ = before;
  }
  next_ = end_ = nullptr;
  taken_ = 0;
}

void Arena::reset() {
  if (block_ == nullptr) return;
  Block* kept = block_;
  block_ = kept->before;
  size_t size = kept->size;
  release();
  kept->before = nullptr;
  block_ = kept;
  next_ = reinterpret_cast<char*>(kept + 1);
  end_ = reinterpret_cast<char*>(kept) + size;
  taken_ = size;
}

size_t Arena::used() const { return taken_; }

}  // namespace autonomous::render
