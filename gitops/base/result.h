// Result and Error: how every function here says that it failed.
//
// Result<T> has std::expected's names (C++23) and is [[nodiscard]]. Error is one pointer wide; making one allocates,
// passing one on doesn't. Exceptions are for broken invariants and for lack of memory only (and, privately, inside
// render/template). Values are owned by their holder; nothing here is shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace autonomous {

// What kind of failure, for machines: exit codes and HTTP statuses follow from it.
enum class Code : uint8_t {
  kInvalid,  // the input is wrong; the same call will fail again
  kNotFound,
  kDenied,       // not allowed: permission, policy, refusal by a server
  kConflict,     // somebody else was faster, or the state does not allow it now
  kUnavailable,  // the outside world did not answer; trying again may help
  kTimeout,
  kCancelled,
  kLimit,     // a limit of ours was reached: fuel, size, depth
  kCorrupt,   // what is stored is not what was written
  kInternal,  // a bug
};

std::string_view code_name(Code code);

// A position in a text that a person wrote. line and column count from 1; 0 means unknown.
struct Place {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;  // in bytes
  std::string text;     // the line itself, without its end; empty: no caret is shown
};

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  Code code() const { return rep_->code; }
  const std::string& message() const { return rep_->message; }
  const Place* place() const { return rep_->place ? &*rep_->place : nullptr; }
  // Outermost last: "while rendering shop/web for production".
  const std::vector<std::string>& context() const { return rep_->context; }
  bool retryable() const { return rep_->retryable; }

  Error&& at(Place place) &&;
  Error&& with(std::string context) &&;  // adds a frame of context
  Error&& may_retry(bool retryable = true) &&;
  Error&& hint(std::string what_to_do) &&;  // shown on a line of its own, after the message

  const std::string& hint() const { return rep_->hint; }

  // One line: `file:3:7: message (while …)`.
  std::string line() const;
  // For people: the line, then the source line with a caret, the hint, and the context, each on a line of its own.
  std::string text() const;

 private:
  struct Rep {
    Code code;
    bool retryable = false;
    std::string message;
    std::string hint;
    std::unique_ptr<Place> place;
    std::vector<std::string> context;
  };
  std::unique_ptr<Rep> rep_;
};

// printf-free formatting for messages: Error e = fail(Code::kInvalid, "no such app: ", name);
template <typename... Parts>
Error fail(Code code, const Parts&... parts) {
  std::string message;
  auto add = [&message](const auto& part) {
    using P = std::decay_t<decltype(part)>;
    if constexpr (std::is_same_v<P, char>) {
      message += part;
    } else if constexpr (std::is_arithmetic_v<P>) {
      message += std::to_string(part);
    } else {
      message += std::string_view(part);
    }
  };
  (add(parts), ...);
  return Error(code, std::move(message));
}

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  template <typename U>
    requires(std::is_convertible_v<U, T> && !std::is_same_v<std::decay_t<U>, T> &&
             !std::is_same_v<std::decay_t<U>, Error> && !std::is_same_v<std::decay_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  // Undefined without a value, as in std::expected.
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  // Throws std::bad_variant_access without a value: a broken invariant.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  template <typename U>
  T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error& error() & { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT(google-explicit-constructor)
  Result(const Result& other) : error_(other.error_ ? std::make_unique<Error>(*other.error_) : nullptr) {}
  Result(Result&&) noexcept = default;
  Result& operator=(Result other) noexcept {
    error_.swap(other.error_);
    return *this;
  }
  bool has_value() const { return error_ == nullptr; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& { return *error_; }
  Error& error() & { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

inline Result<void> ok() { return {}; }

// A lambda or a function returns Result<X>; TRY(auto x, f()) declares x or returns the error.
#define AUTONOMOUS_CONCAT2(a, b) a##b
#define AUTONOMOUS_CONCAT(a, b) AUTONOMOUS_CONCAT2(a, b)
#define AUTONOMOUS_TRY(tmp, decl, ...)     \
  auto tmp = (__VA_ARGS__);                \
  if (!tmp) return std::move(tmp).error(); \
  decl = *std::move(tmp)
#define TRY(decl, ...) AUTONOMOUS_TRY(AUTONOMOUS_CONCAT(try_result_, __LINE__), decl, __VA_ARGS__)
// The same for Result<void>, or where the value is not wanted.
#define TRY_DO(...)                                        \
  do {                                                     \
    auto try_result = (__VA_ARGS__);                       \
    if (!try_result) return std::move(try_result).error(); \
  } while (false)
// TRY with a frame of context added on the way out.
#define AUTONOMOUS_TRY_WITH(tmp, decl, what, ...)                \
  auto tmp = (__VA_ARGS__);                                      \
  if (!tmp) return std::move(std::move(tmp).error()).with(what); \
  decl = *std::move(tmp)
#define TRY_WITH(decl, what, ...) AUTONOMOUS_TRY_WITH(AUTONOMOUS_CONCAT(try_result_, __LINE__), decl, what, __VA_ARGS__)

}  // namespace autonomous
