#include <cmath>
#include <set>
#include <tuple>

#include "gitops/base/digest.h"
#include "render/funcs/json_text.h"
#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr int kMaxWrittenDepth = 10'000;

class JsonWriter {
 public:
  JsonWriter(std::string& out, const Library& library, const JsonStyle& style)
      : out_(out), library_(library), style_(style) {}

  void write(Value value, int depth) {
    if (depth > kMaxWrittenDepth)
      return fail("json: unsupported value: encountered a cycle via " + std::string(value.type_name()));
    if (out_.size() > style_.most) {
      too_long_ = true;
      return fail("json: the text would be longer than the limit of " + std::to_string(style_.most) + " bytes");
    }
    if (by_method(value)) return;
    switch (value.store()) {
      case Store::kNone:
      case Store::kNil: out_ += "null"; return;
      case Store::kBool: out_ += value.boolean() ? "true" : "false"; return;
      case Store::kInt: out_ += std::to_string(value.integer()); return;
      case Store::kUint: out_ += std::to_string(value.unsigned_integer()); return;
      case Store::kFloat: return number(value);
      case Store::kComplex: return fail("json: unsupported type: complex128");
      case Store::kString: return string(value.string());
      case Store::kBytes:
        if (value.is_nil()) return static_cast<void>(out_ += "null");
        out_ += '"' + base64_encode(value.bytes()) + '"';
        return;
      case Store::kList:
      case Store::kMap: return collection(value, depth);
      case Store::kStruct: return structure(value, depth);
    }
  }
  const std::string& failure() const { return failure_; }
  bool too_long() const { return too_long_; }

 private:
  void fail(std::string text) {
    if (failure_.empty()) failure_ = std::move(text);
  }

  bool by_method(Value value) {
    if (!value.is_struct() || value.is_nil()) return false;
    Type type = value.kind() == Kind::kPointer ? element_of(value.type()) : value.type();
    const Methods* methods = library_.methods(type);
    if (methods == nullptr || methods->to_json == nullptr) return false;
    Arena arena;
    auto text = methods->to_json(arena, value.as(type));
    if (text) {
      out_ += *text;
    } else {
      fail("json: error calling MarshalJSON for type *" + std::string(type_name(type)) + ": " + text.error().message());
    }
    return true;
  }

  // ES6's form: an exponent below 1e-6 and from 1e21 on.
  void number(Value value) {
    double d = value.floating();
    int bits = value.type() == Type::kFloat32 ? 32 : 64;
    if (std::isnan(d) || std::isinf(d)) {
      std::string text;
      format_float(text, d, 'g', -1, bits);
      return fail("json: unsupported value: " + text);
    }
    double size = std::fabs(d);
    bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
    size_t start = out_.size();
    format_float(out_, d, exponent ? 'e' : 'f', -1, bits);
    size_t length = out_.size() - start;
    if (exponent && length >= 4 && out_.compare(out_.size() - 4, 3, "e-0") == 0) out_.erase(out_.size() - 2, 1);
  }

  void string(std::string_view text) {
    out_ += '"';
    while (!text.empty()) {
      auto byte = static_cast<uint8_t>(text.front());
      size_t run = 0;
      while (run < text.size() && plain(static_cast<uint8_t>(text[run]))) ++run;
      if (run > 0) {
        out_ += text.substr(0, run);
        text.remove_prefix(run);
        continue;
      }
      if (byte < 0x80) {
        escape(byte);
        text.remove_prefix(1);
        continue;
      }
      Rune rune = decode_rune(text);
      if (rune.size == 1) {
        append_rune(out_, kRuneError);
      } else if (rune.value == 0x2028 || rune.value == 0x2029) {
        out_ += rune.value == 0x2028 ? "\\u2028" : "\\u2029";
      } else {
        out_ += text.substr(0, rune.size);
      }
      text.remove_prefix(rune.size);
    }
    out_ += '"';
  }

  bool plain(uint8_t byte) const {
    if (byte < ' ' || byte >= 0x80 || byte == '"' || byte == '\\') return false;
    return !style_.escape_html || (byte != '<' && byte != '>' && byte != '&');
  }

  void escape(uint8_t byte) {
    switch (byte) {
      case '"': out_ += "\\\""; return;
      case '\\': out_ += "\\\\"; return;
      case '\b': out_ += "\\b"; return;
      case '\f': out_ += "\\f"; return;
      case '\n': out_ += "\\n"; return;
      case '\r': out_ += "\\r"; return;
      case '\t': out_ += "\\t"; return;
      default: break;
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    out_ += "\\u00";
    out_ += kDigits[byte >> 4];
    out_ += kDigits[byte & 15];
  }

  void new_line(int depth) {
    if (style_.indent.empty()) return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i) out_ += style_.indent;
  }

  // Below so many levels Go remembers what it is inside of, and finds a cycle where one of those comes again.
  void collection(Value value, int depth) {
    constexpr int kCyclesFrom = 1000;
    using Entered = decltype(inside_)::value_type;
    const Entered entered{value.type(), value.address(), value.is_list() ? value.length() : 0};
    const bool counts = depth >= kCyclesFrom && !value.is_nil() && value.length() > 0;
    if (counts && !inside_.insert(entered).second) {
      return fail("json: unsupported value: encountered a cycle via " + std::string(value.type_name()));
    }
    value.is_list() ? list(value, depth) : map(value, depth);
    if (counts) inside_.erase(entered);
  }

  void list(Value value, int depth) {
    if (value.is_nil()) return static_cast<void>(out_ += "null");
    out_ += '[';
    for (size_t i = 0; i < value.length() && failure_.empty(); ++i) {
      if (i > 0) out_ += ',';
      new_line(depth + 1);
      write(value.items()[i], depth + 1);
    }
    if (value.length() > 0) new_line(depth);
    out_ += ']';
  }

  void key(std::string_view name, bool& first, int depth) {
    if (!first) out_ += ',';
    first = false;
    new_line(depth + 1);
    string(name);
    out_ += style_.indent.empty() ? ":" : ": ";
  }

  void map(Value value, int depth) {
    if (value.is_nil()) return static_cast<void>(out_ += "null");
    out_ += '{';
    bool first = true;
    for (const Map::Entry& entry : value.map()->entries()) {
      key(entry.key.text(), first, depth);
      write(entry.value, depth + 1);
      if (!failure_.empty()) return;
    }
    if (!first) new_line(depth);
    out_ += '}';
  }

  static bool left_out(const Field& field) {
    Value value = field.value;
    return field.json == "-" || !field.exported() ||
           (field.omit_empty && !is_true(value) && !(value.is_struct() && value.kind() == Kind::kStruct));
  }

  void fields(const Struct& structure, bool& first, int depth) {
    for (const Field& field : structure.fields) {
      if (field.embedded && field.value.is_struct() && !field.value.is_nil()) {
        fields(*field.value.structure(), first, depth);
      } else if (!left_out(field)) {
        key(field.json.empty() ? field.name : field.json, first, depth);
        write(field.value, depth + 1);
      }
    }
  }

  void structure(Value value, int depth) {
    if (value.is_nil()) return static_cast<void>(out_ += "null");
    out_ += '{';
    bool first = true;
    fields(*value.structure(), first, depth);
    if (!first) new_line(depth);
    out_ += '}';
  }

  std::string& out_;
  const Library& library_;
  const JsonStyle& style_;
  std::set<std::tuple<Type, const void*, size_t>> inside_;
  std::string failure_;
  bool too_long_ = false;
};

}  // namespace

Result<void> write_json(std::string& out, Value value, const Library& library, const JsonStyle& style) {
  JsonWriter writer(out, library, style);
  writer.write(value, 0);
  if (!writer.failure().empty()) {
    return Error(writer.too_long() ? Code::kLimit : Code::kInvalid, writer.failure());
  }
  return ok();
}

}  // namespace autonomous::render
