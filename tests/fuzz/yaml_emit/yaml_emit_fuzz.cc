// A value made from bytes: what the emitter writes, the reader reads as equal. Each byte says what comes next.
#include <cstring>

#include "gitops/base/text.h"
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

const render::Library& library() {
  static const render::Library* made = new render::Library();
  return *made;
}

std::string as_json(const render::Value& value) {
  std::string out;
  fuzz::require(render::write_json(out, value, library()).has_value(), "what YAML holds is JSON");
  return out;
}

class Maker {
 public:
  Maker(render::Arena& arena, std::string_view bytes) : arena_(arena), rest_(bytes) {}

  render::Value value(int depth) {
    switch (depth > 0 ? byte() % 8 : byte() % 5) {
      case 0: return render::Value::nil();
      case 1: return render::Value::of(byte() % 2 == 0);
      case 2: return render::Value::of(number());
      case 3:
      case 4: return render::Value::of(text());
      case 5: {
        render::ListBuilder list(arena_, 4);
        for (int n = byte() % 5; n > 0; --n) list.add(value(depth - 1));
        return list.list();
      }
      default: {
        render::Map* map = render::Map::make(arena_);
        for (int n = byte() % 5; n > 0; --n) {
          std::string_view key = text();
          map->set(key, value(depth - 1));
        }
        return render::Value::of(map);
      }
    }
  }

 private:
  uint8_t byte() {
    if (rest_.empty()) return 0;
    auto first = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  // Up to the next NUL.
  std::string_view text() {
    std::string_view text = rest_.substr(0, rest_.find('\0'));
    rest_.remove_prefix(std::min(rest_.size(), text.size() + 1));
    return text;
  }
  double number() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    return number - number == 0 ? number : 0;  // neither infinite nor not a number
  }

  render::Arena& arena_;
  std::string_view rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  render::Arena arena;
  render::Value value = Maker(arena, fuzz::text_of(data, size)).value(5);
  auto written = render::write_yaml(value);
  if (!written) return 0;  // \x7f and other texts that yaml.v2 doesn't write
  auto again = render::read_yaml(arena, *written);
  std::string before = as_json(value);
  if (fuzz::helm_loses(before)) return 0;
  fuzz::require(again.has_value(), "what was written can be read");
  // What is no UTF-8 is written as U+FFFD: two keys may become one.
  if (!is_utf8(fuzz::text_of(data, size))) return 0;
  fuzz::require(as_json(*again) == before, "what was written reads as equal");
  return 0;
}
