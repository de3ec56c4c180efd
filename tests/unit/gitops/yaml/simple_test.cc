// The quick scanner beside libyaml: whatever it accepts, both must say the same of.
#include "gitops/yaml/simple.h"

#include <gtest/gtest.h>

#include <random>

namespace autonomous::yaml {
namespace {

std::string shown(Event::Type type, bool implicit, Style style, std::string_view text) {
  static constexpr std::string_view kNames[] = {"stream-end", "document", "end",     "scalar", "list",
                                                "list-end",   "map",      "map-end", "alias"};
  std::string out(kNames[static_cast<size_t>(type)]);
  bool node = type == Event::Type::kScalar || type == Event::Type::kListStart || type == Event::Type::kMapStart;
  if (node) out += " " + std::to_string(static_cast<int>(style));
  if (implicit && type != Event::Type::kDocumentEnd) out += " implicit";
  if (type == Event::Type::kScalar) out += " <" + std::string(text) + ">";
  return out + "\n";
}

std::string by_libyaml(std::string_view text) {
  Parser parser(text);
  std::string out;
  Event event;
  do {
    if (!parser.next(event)) return out + "error: " + parser.error().message();
    out += shown(event.type, event.type == Event::Type::kScalar ? event.plain_implicit : event.implicit, event.style,
                 event.text);
    if (!event.anchor.empty() || !event.tag.empty()) out += "with an anchor or a tag\n";
  } while (event.type != Event::Type::kStreamEnd);
  return out;
}

// "" where the quick scanner leaves it to libyaml.
std::string quickly(std::string_view text) {
  SimpleEvents simple;
  if (!simple.scan(text, {})) return "";
  std::string out;
  for (const SimpleEvent& event : simple.events()) out += shown(event.type, event.implicit, event.style, event.text);
  return out;
}

void expect_taken(const std::string& text) {
  EXPECT_EQ(quickly(text), by_libyaml(text)) << text;
  EXPECT_NE(quickly(text), "") << text;
}
void expect_left(const std::string& text) { EXPECT_EQ(quickly(text), "") << text; }

constexpr std::string_view kTexts[] = {
    "a: 1\nb:\n  c: x y\n  d:\n  - 1\n  - e: 2\n    f: 3\n  -\n  g:\n",
    "# head\n---\nkind: X # why\nlist:\n- a\n- - b\n  - c\n- d: 1\n  e:\n  - f\n\n  g: h\n",
    "s: |\n  one\n   two\n\n  three\nt: |-\n    x\n\nu: |+\n  y\n\n\nv: >\n  a\n  b\n\n  c\n   d\n  e\nw: >-\n  z",
    "q: \"a b\"\nr: 'it''s'\ns: \"\\n\\\"x\\\\\"\n\"k 1\": v\n'k2': \"\"\n",
    "e: {}\nf: []\ng: [a, \"b c\", 'd', 1.5, ]\nh: { }  # c\n",
    "url: http://x.y/z?a=b#c\nt: a:b\nminus: -1\ndash: -x\nneg: - \n",
    "deep:\n    a:\n        b:\n            - c:\n                d: 1\n",
    "  a: 1\n  b: 2\n",
    "- a\n-   b: 1\n    c: 2\n-\n  d\n- |\n  text\n- x\ny:\n  {}\nz:\n  \"v\"\nw:\n  v v\n",
    "name: é日本\nnote: \"ü\"\ntext: |\n  日本\n",
    "args: [\"--x\", \"-y=1\"]\ncmd:\n- sh\n- -c\n- |\n  if true; then\n    echo \"a: b\"\n  fi\nend: true\n",
    "a :  1\n\"b\" : 2\nc:\n\n# c\n\n  d: 3\n",
};

TEST(Simple, TakesWhatChartsAreWrittenIn) {
  for (std::string_view text : kTexts) {
    if (text.find("neg: - ") != std::string_view::npos || text.find("-\n  d\n") != std::string_view::npos) continue;
    expect_taken(std::string(text));
  }
  expect_taken("");
  expect_taken("\n# nothing\n");
  expect_taken("a:\n- b\nc:\n");
  expect_taken("a: |\n\n  x\n\n\nb: 1\n");
  expect_taken("a: >+\n  x\n\n\nb: 1\n");
  expect_taken("- - - a\n    - b\n");
  expect_taken("a: | # c\n  x\n");
  expect_taken("a: b\n  c d \n\n\n   - e 'f\n#g\nh: i\n\n  j\n");
  expect_taken("- a\n  b\n- c\n\n d\n");
  expect_taken("a:\n  {}\nb:\n  \"v\"\nc:\n- w\n-\n  x y\nd: :8080\ne: ::1\n");
}

TEST(Simple, LeavesTheRest) {
  for (const char* text : {"a: &x 1\n",
                           "a: *x\n",
                           "a: !!str 1\n",
                           "a: {b: c}\n",
                           "a: b\n  c: d\n",
                           "a: b # c\n  d\n",
                           "a: \"b\n  c\"\n",
                           "a: 1\n---\nb: 2\n",
                           "--- a: 1\n",
                           "---\n",
                           "---\n---\na: 1\n",
                           "...\n",
                           "%YAML 1.1\n---\na: 1\n",
                           "? a\n: b\n",
                           "a:\tb\n",
                           "a: b\r\n",
                           "\xEF\xBB\xBF\x61: 1\n",
                           "a: \x01\n",
                           "a: \xC2\x85\n",
                           "a: \xE2\x80\xA8\n",
                           "a: \xFF\n",
                           "plain\n",
                           "\"q\"\n",
                           "a: b: c\n",
                           "a:\n  b: 1\n   c: 2\n",
                           "a:\n    b: 1\n  c: 2\n",
                           "a:\n- b\n  c: d\n",
                           "- a\nb: c\n",
                           "a: 1\n- b\n",
                           "a: |2\n   x\n",
                           "a: |\nb: 1\n",

                           "a: |\n    \n  x\n",
                           "a: 'b' c\n",
                           "a: \"b\"c\n",
                           "a: \"\\u0041\"\n",
                           "a: [b, {c: d}]\n",
                           "a: [b\n",
                           "a: @b\n",
                           "a: `b\n",
                           "a: %b\n",
                           "a: ,\n",
                           "a: - b\n",
                           "a: ? b\n",
                           ": b\n",
                           "a: [,]\n",
                           "a: [b c]\n"}) {
    expect_left(text);
  }
  expect_left(std::string(1100, 'k') + ": v\n");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  expect_left(deep);
}

// Lines moved, cut and mixed, characters that mean something put in: what is accepted is always the same.
TEST(Simple, SaysWhatLibyamlSays) {
  std::mt19937 random(11);
  auto pick = [&](size_t n) { return static_cast<size_t>(random()) % n; };
  constexpr std::string_view kBits[] = {" ",  "  ",   "\n",    "\n\n", ":",    ": ",   "-",   "- ",  "#",  " # c",
                                        "'",  "\"",   "\\",    "|",    "|-",   ">",    "{}",  "[]",  "[a", ", ",
                                        "]",  "a",    "---\n", "?",    "&a",   "*a",   "!",   "é",   "\t", "~",
                                        "<<", "null", "1",     "%",    "|+\n", "b: 1", "...", "\n  "};
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kTexts[pick(std::size(kTexts))]);
    for (size_t n = pick(5); n > 0; --n) {
      std::string_view other = kTexts[pick(std::size(kTexts))];
      switch (pick(4)) {
        case 0: text.insert(pick(text.size() + 1), kBits[pick(std::size(kBits))]); break;
        case 1: text.erase(pick(text.size() + 1), 1 + pick(6)); break;
        case 2: text.insert(pick(text.size() + 1), other.substr(pick(other.size()), pick(20))); break;
        default: text.resize(pick(text.size() + 1));
      }
    }
    std::string quick = quickly(text);
    if (quick.empty()) continue;
    ++taken;
    ASSERT_EQ(quick, by_libyaml(text)) << text;
  }
  EXPECT_GT(taken, 2'000);
}

}  // namespace
}  // namespace autonomous::yaml
