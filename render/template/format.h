// Go's fmt for template values: what {{ . }}, print, printf and toString write.
//
// Stringers come from the Library's methods. Free functions, no state. A map or list that contains itself would make
// Go run out of stack; here printing stops below kMaxFormatDepth and says so in `too_deep`. A small value may print as
// a huge text (lists of the same list, again and again): printing stops beyond `most` bytes and says so in `too_long`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "render/template/function.h"
#include "render/template/value.h"

namespace autonomous::render {

inline constexpr int kMaxFormatDepth = 10000;

struct Formatting {
  const Library* library = nullptr;  // for String() methods; may be null
  size_t most = SIZE_MAX;            // bytes of the text
  bool too_deep = false;
  bool too_long = false;
  bool stopped() const { return too_deep || too_long; }
};

// fmt.Fprint of one value as `{{ value }}` does it: "<no value>" for no value, "<nil>" for nil.
void print_value(std::string& out, Value value, Formatting& formatting);
// fmt.Sprint(args…), fmt.Sprintln(args…), fmt.Sprintf(format, args…).
void sprint(std::string& out, Args args, Formatting& formatting);
void sprintln(std::string& out, Args args, Formatting& formatting);
void sprintf(std::string& out, std::string_view format, Args args, Formatting& formatting);
// One value through one verb, as in sprintf("%v", value), without parsing a format.
void format_value(std::string& out, Value value, Formatting& formatting);

// strconv.FormatFloat(value, format, precision, bits); precision -1: shortest that reads back.
void format_float(std::string& out, double value, char format, int precision, int bits = 64);
// strconv.Quote and QuoteToASCII.
void quote_go(std::string& out, std::string_view text, bool ascii = false);
std::string quote_go(std::string_view text);

}  // namespace autonomous::render
