// Compares the reader and the emitter with what the real Go libraries did (main.go made the cases, the test is given
// their file). Prints the first differences, and fails when there is one.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "gitops/yaml/emit.h"
#include "gitops/yaml/json.h"

namespace {

using nlohmann::json;
using namespace autonomous;

std::string decode(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    bits =
        bits << 6 | static_cast<uint32_t>(
                        std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

void pretty(const json& value, yaml::Emitter& out) {
  if (value.is_object()) {
    std::vector<std::string> keys;
    for (const auto& entry : value.items()) keys.push_back(entry.key());
    auto less = [](const auto& a, const auto& b) { return yaml::key_less(a, b, yaml::Flavour::kV3); };
    std::stable_sort(keys.begin(), keys.end(), less);
    out.begin_map();
    for (const auto& key : keys) {
      out.key(key);
      pretty(value[key], out);
    }
    return out.end_map();
  }
  if (value.is_array()) {
    out.begin_list();
    for (const auto& item : value) pretty(item, out);
    return out.end_list();
  }
  if (value.is_string()) return out.string(value.get_ref<const std::string&>());
  if (value.is_boolean()) return out.boolean(value.get<bool>());
  if (value.is_number()) return out.number(value.get<double>());
  out.null();
}

// What is known to differ in being accepted at all: nonsense that go-yaml's scanner lets pass and libyaml doesn't
// (something right after an empty flow collection, a tag that ends in a quote or bracket, U+FEFF inside the text), and
// `?` and `:` inside plain texts of flow collections.
bool known_to_differ(const std::string& in) {
  static const std::regex kKnown(
      "(\\{[ \\t]*\\}|\\[[ \\t]*\\])[ \\t]*[^\\s,}\\]]|![^\\s]*[\\[\\]{},'\"]|\xEF\xBB\xBF|[\\[{][^\\]}]*[?:]");
  return std::regex_search(in, kKnown);
}

// Where a text has more than one error, libyaml and go-yaml may come upon them in another order, because they look for
// lost keys at other moments. Texts without collections in brackets and without quotes have one order.
bool may_word_otherwise(const std::string& in) { return in.find_first_of("[{\"'!?") != std::string::npos; }

struct Answer {
  bool ok;
  std::string text;
};

Answer ours(const std::string& op, const std::string& in) {
  Result<std::string> text = std::string();
  if (op == "emit") {
    text = yaml::from_json(json::parse(in));
  } else if (op == "pretty") {
    std::string out;
    yaml::Emitter emitter(out, yaml::Flavour::kV3);
    pretty(json::parse(in), emitter);
    auto done = emitter.finish();
    if (!done) return {false, done.error().message()};
    text = out;
  } else {
    auto read = yaml::to_json(in);
    if (!read) return {false, read.error().message()};
    text = read->dump();
  }
  if (!text) return {false, text.error().message()};
  return {true, *text};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1]);
  std::map<std::string, int> tried;
  std::map<std::string, int> different;
  int shown = argc > 2 ? -std::stoi(argv[2]) : -10;
  for (std::string line; std::getline(file, line);) {
    json wanted = json::parse(line);
    std::string op = wanted["op"];
    std::string in = decode(wanted["in"].get_ref<const std::string&>());
    std::string out = decode(wanted["out"].get_ref<const std::string&>());
    std::string error = wanted.value("error", "");
    if (op == "read" && known_to_differ(in)) continue;
    Answer answer = ours(op, in);
    ++tried[op];
    bool same = answer.ok == error.empty();
    if (same && answer.ok) same = op == "read" ? json::parse(answer.text) == json::parse(out) : answer.text == out;
    if (same && !answer.ok && op == "read") same = answer.text == error || may_word_otherwise(in);
    if (same) continue;
    ++different[op];
    if (shown++ >= 0) continue;
    std::cout << "---- " << op << ": " << json(in).dump() << "\n  real: " << (error.empty() ? json(out).dump() : error)
              << "\n  ours: " << (answer.ok ? json(answer.text).dump() : answer.text) << "\n";
  }
  bool failed = tried.empty();
  for (const auto& [op, count] : tried) {
    std::cout << op << ": " << count << " cases, " << different[op] << " different\n";
    failed = failed || different[op] > 0;
  }
  return failed ? 1 : 0;
}
