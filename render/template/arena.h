// Arena: the memory of one render, handed out by moving a pointer and freed whole.
//
// Values, maps, strings and intermediate results of a render live here; parsed templates live in arenas of their own.
// Nothing put here has its destructor run. The limit is the render's memory limit: going past it throws ArenaFull,
// which the evaluator turns into an error of the template. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace autonomous::render {

class ArenaFull : public std::bad_alloc {
 public:
  const char* what() const noexcept override { return "memory limit of the render reached"; }
};

class Arena {
 public:
  static constexpr size_t kNoLimit = SIZE_MAX;
  static constexpr size_t kUsualBlock = size_t{64} << 10;
  // `first`: bytes of the first block, for those that stay small; each next one is twice as large.
  explicit Arena(size_t limit = kNoLimit, size_t first = kUsualBlock) : limit_(limit), first_(first) {}
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t size, size_t alignment = alignof(std::max_align_t)) {
    auto at = (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
    if (next_ == nullptr || at + size > reinterpret_cast<uintptr_t>(end_)) return allocate_slow(size, alignment);
    next_ = reinterpret_cast<char*>(at + size);
    return reinterpret_cast<void*>(at);
  }
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }
  // Not initialised.
  template <typename T>
  T* array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && std::is_trivially_copyable_v<T>);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): T may be a pointer, and then its size is meant
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  template <typename T>
  std::span<T> copy(std::span<const T> items) {
    T* to = array<T>(items.size());
    for (size_t i = 0; i < items.size(); ++i) new (to + i) T(items[i]);
    return {to, items.size()};
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }
  // The parts one after the other, as one text.
  template <typename... Parts>
  std::string_view concat(const Parts&... parts) {
    size_t size = (std::string_view(parts).size() + ... + 0);
    if (size == 0) return {};
    char* to = static_cast<char*>(allocate(size, 1));
    char* at = to;
    auto add = [&at](std::string_view part) {
      if (!part.empty()) std::memcpy(at, part.data(), part.size());
      at += part.size();
    };
    (add(std::string_view(parts)), ...);
    return {to, size};
  }

  // Counts memory that lies elsewhere towards the limit.
  void charge(size_t size);
  // Forgets everything and keeps one block for the next render.
  void reset();
  size_t used() const;  // bytes taken from the system
  size_t limit() const { return limit_; }

 private:
  struct Block {
    Block* before;
    size_t size;
  };
  void* allocate_slow(size_t size, size_t alignment);
  void release();

  char* next_ = nullptr;
  char* end_ = nullptr;
  Block* block_ = nullptr;
  size_t taken_ = 0;
  size_t limit_;
  size_t first_;
};

}  // namespace autonomous::render
