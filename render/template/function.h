// Function: one row of the tables of template functions, with its Go signature; Library: all tables together;
// Context: what a function can reach while it runs.
//
// A family is one file with one table: `constexpr Function kStrings[] = {{"trunc", params(kInt, kString), trunc}, …}`.
// Arguments arrive already converted to the parameter types by Go's rules (the evaluator reports what does not fit):
//  - kInterface: any value without its interface mark; nil and missing arrive as is_nothing();
//  - kReflect: exactly as evaluated;  - kString, kInt, kList, …: that type.
// A function returns its value with the Go type that the real one returns, or cx.fail(text) for Go's error or panic.
// A Library is built once and then immutable: share it between threads. A Context belongs to one render.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/template/value.h"

namespace autonomous::render {

class Context;
class Evaluator;
struct Formatting;
using Args = std::span<const Value>;
using Native = Value (*)(Context& cx, Args args);

struct Params {
  static constexpr size_t kMax = 6;
  std::array<Type, kMax> types{};
  uint8_t count = 0;  // as Go's NumIn: the variadic one counts
  bool variadic = false;
};
template <typename... T>
constexpr Params params(T... types) {
  static_assert(sizeof...(T) <= Params::kMax);
  return {.types = {types...}, .count = sizeof...(T), .variadic = false};
}
// The last one is the element type of `...T`.
template <typename... T>
constexpr Params variadic(T... types) {
  return {.types = {types...}, .count = sizeof...(T), .variadic = true};
}

struct Function {
  std::string_view name;
  Params params;
  Native call = nullptr;
  std::string_view unusable = {};  // Go has it, but no template can call it: what Go says then
};
using Family = std::span<const Function>;

// Methods of a Go type; args[0] is the receiver and not part of `params`. A type with methods of both kinds has a
// second row for its pointer type.
struct Methods {
  Type type;
  Family functions;
  bool on_pointer = false;  // they need a pointer to it or an addressable value
  // fmt.Stringer or error, if the type is one.
  std::string_view (*to_string)(Arena& arena, Value receiver) = nullptr;
  // fmt.GoStringer, if the type is one.
  std::string_view (*to_go_string)(Arena& arena, Value receiver) = nullptr;
  // json.Marshaler, if the type is one: JSON text, or Go's words for why it has none.
  Result<std::string_view> (*to_json)(Arena& arena, Value receiver) = nullptr;
};

// The tables that are put in must outlive it: it points into them.
class Library {
 public:
  // All of Go's builtins are in it.
  Library();
  // The names must be new: a duplicate is a broken invariant (std::logic_error).
  void add(Family family);
  // Replaces functions of the same name, as a Go FuncMap does (Helm's over sprig's).
  void replace(Family family);
  void remove(std::string_view name);
  void add(const Methods& methods);

  struct Row {
    const Function* function = nullptr;
    bool builtin = false;
  };
  // The row stays where it is once the library is whole.
  const Row* find(std::string_view name) const;
  const Function* method(Type type, std::string_view name, bool addressable) const;
  const Methods* methods(Type type) const { return methods_[static_cast<size_t>(type)]; }

 private:
  // Open addressing, at most two thirds full, a power of two long: every process builds this at its start, and a node
  // for each function would be most of that work.
  Row& slot(std::string_view name);
  void put(const Function& function, bool builtin);

  std::vector<Row> rows_;
  size_t used_ = 0;
  std::array<const Methods*, static_cast<size_t>(Type::kCount)> methods_{};
  std::deque<Methods> method_store_;
};

// What a failed execution says, with Go's chain of wrapped errors: each link's text ends with the next one's.
class Failure {
 public:
  explicit Failure(std::string text, bool limit = false) : pieces_{std::move(text)}, limit_(limit) {}
  // fmt.Errorf(before + "%w"): a new outermost link.
  void wrap(std::string before) { pieces_.push_back(std::move(before)); }

  std::string text() const;
  // Where in text() the text of each link begins, outermost first; links()[0] is 0. Helm 4 reads all of them.
  std::vector<size_t> links() const;
  // A limit of ours was reached: not an error that Go would give.
  bool limit() const { return limit_; }
  // The outermost link is a template.ExecError and not, say, a template that isn't there.
  bool executing() const { return executing_; }
  void set_executing(bool executing) { executing_ = executing; }

 private:
  std::vector<std::string> pieces_;  // innermost first, so that wrapping is cheap a thousand includes deep
  bool limit_ = false;
  bool executing_ = false;
};

// How a render is done; the same options give the same bytes.
struct Options {
  int helm = 4;                   // 3 or 4
  bool deterministic = false;     // as in a release: seeded, timed, no secrets made
  std::string seed;               // of rand*, shuffle, uuidv4 when deterministic
  std::optional<int64_t> now_ns;  // Unix nanoseconds for `now`; none: the system's clock
  std::string time_zone;          // IANA name for "Local"; "": TZ of the process
  bool wants_cluster = false;     // lookup was to ask a cluster, which nothing here does: it is an error
  bool wants_dns = false;         // names were to be looked up, which nothing here does: functions that do are errors
};

class Context {
 public:
  Context(Arena& arena, const Library& library, Options options, Evaluator* evaluator)
      : arena_(arena), library_(library), options_(std::move(options)), evaluator_(evaluator) {}

  Arena& arena() { return arena_; }
  const Library& library() const { return library_; }
  const Options& options() const { return options_; }

  // The Go error (or panic) of the function that runs: its text becomes "error calling NAME: text".
  Value fail(std::string_view text);
  template <typename... Parts>
  Value fail(std::string_view first, const Parts&... rest) {
    return fail(arena_.concat(first, rest...));
  }
  Value fail(Failure failure);  // an error that wraps others
  Value fail_limit(std::string_view text);
  bool failed() const { return failure_ != nullptr; }
  std::unique_ptr<Failure> take_failure() { return std::move(failure_); }

  // A string value with its own copy of the text.
  Value text(std::string_view text) { return Value::of(arena_.copy(text)); }
  // Steps of work beyond the usual (loops over input of unknown size). False: the fuel is used up and fail() was
  // called.
  bool spend(uint64_t steps);
  // reflect.DeepEqual, for as long as the fuel lasts.
  bool equal(Value a, Value b);
  // How long one text may become: the limit on output. False: `pieces` texts of `size` bytes are longer, and fail() was
  // called.
  size_t most_text() const;
  bool fits(uint64_t pieces, uint64_t size);
  // Formatting within that limit, and whether all went well; else fail() was called.
  bool printed(const Formatting& formatting);

  // Executes a defined template as Helm's `include` does (limit of 1000 a name); after failed() the result is nothing.
  Value include(std::string_view name, Value data);
  // Parses and executes a text as Helm's `tpl` does, in a copy of the scope; "<no value>" removed.
  Value tpl(std::string_view text, Value data);

  // State of families that need some across calls of one render (a random generator): one slot each.
  static constexpr size_t kSlots = 8;
  std::shared_ptr<void>& slot(size_t index) { return slots_[index]; }

 private:
  Arena& arena_;
  const Library& library_;
  const Options options_;
  Evaluator* evaluator_;
  std::unique_ptr<Failure> failure_;
  std::array<std::shared_ptr<void>, kSlots> slots_;
};

}  // namespace autonomous::render
