// Printer: fmt's pp and fmt in one: writes a value through one verb under the flags of one %… directive.
// Private to render/template; format.h is the face. Lives for one call.
#pragma once

#include <complex>
#include <string>
#include <string_view>
#include <utility>

#include "render/template/format.h"

namespace autonomous::render {

struct Flags {
  bool has_width = false, has_precision = false;
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  bool plus_v = false, sharp_v = false;  // %+v and %#v
  int width = 0;
  int precision = 0;
};

class Printer {
 public:
  Printer(std::string& out, Formatting& formatting) : out_(out), formatting_(formatting) {}

  // What Go does with an argument of Printf: handles %T and %p, then the value.
  void print_argument(Value value, char32_t verb);
  void printf(std::string_view format, Args args);

 private:
  bool may_go_on();
  void print_one(Value value, char32_t verb);
  void print_value(Value value, char32_t verb, int depth);
  void print_element(Value value, char32_t verb, int depth);
  void print_map(Value value, char32_t verb, int depth);
  void print_list(Value value, char32_t verb, int depth);
  void print_struct(Value value, char32_t verb, int depth);
  bool open(Value value, std::string_view plain, char go_open);
  bool by_method(Value value, char32_t verb);
  void bad_verb(char32_t verb, Value value, bool as_argument);

  void format_integer(uint64_t value, bool is_signed, char32_t verb, Value original);
  void format_floating(double value, int bits, char32_t verb, Value original);
  void write_float(double value, int bits, char verb, int precision);
  void format_complex(const std::complex<double>& value, char32_t verb, Value original);
  void format_string(std::string_view text, char32_t verb, Value original);
  void format_bytes(Value value, char32_t verb);
  void format_pointer(Value value, char32_t verb);
  void digits(uint64_t value, unsigned base, bool is_signed, char32_t verb, std::string_view alphabet);
  void hexadecimal(uint64_t value, bool prefix);
  void hex_bytes(std::string_view bytes, std::string_view alphabet);
  void unicode(uint64_t value);
  void quoted(std::string_view text);

  void pad(std::string_view text);
  void pad_without_zeros(std::string_view text);
  void write_padding(int count);
  std::string_view truncate(std::string_view text) const;

  // Of one directive of printf's format.
  struct Directive {
    std::string_view format;
    size_t at = 0;  // the next byte to read
    Args args;
    size_t argument = 0;     // the next argument to use
    bool reordered = false;  // some %[n] was seen
    bool good_index = true;
    bool after_index = false;
  };
  bool read_flags(Directive& d);
  void read_index(Directive& d);
  void read_width(Directive& d);
  void read_precision(Directive& d);
  bool integer_argument(Directive& d, int& number);
  void print_directive(Directive& d);
  void print_verb(Directive& d, char32_t verb);
  void report_extra(Args rest);

  std::string& out_;
  Formatting& formatting_;
  Flags flags_;
  std::string scratch_;
  bool erroring_ = false;
  bool hidden_ = false;    // inside of a field that is not exported: its methods are out of reach
  bool argument_ = false;  // bad_verb prints it as an argument, with its methods
};

// text/template's printableValue: pointers followed, "<no value>" for no value, the address taken for String().
Value printable(Value value, const Formatting& formatting);

}  // namespace autonomous::render
