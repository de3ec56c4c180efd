// Our side of the differential fuzzer: answers the driver's questions, a line of JSON each, on standard output.
//
// {"op": "template|read|emit|pretty|set|chart", "text"|"data"|"flags"|"files"|"values": …} → {"ok": …, "text": base64}.
// Texts are base64 because they needn't be UTF-8; data is JSON.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "gitops/base/digest.h"
#include "render/funcs/families.h"
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/strvals.h"
#include "render/template/engine.h"

namespace {

using nlohmann::json;
using namespace autonomous;
using namespace autonomous::render;

struct Answer {
  bool ok = false;
  std::string text;
};
Answer good(std::string_view text) { return {true, std::string(text)}; }
Answer bad(std::string_view text) { return {false, std::string(text)}; }

// Go writes an empty text as null.
std::string decode(const json& text) {
  std::string out;
  if (text.is_string()) base64_decode(text.get_ref<const std::string&>(), out);
  return out;
}
std::string decode(const json& question, const char* key) {
  auto text = question.find(key);
  return text == question.end() ? "" : decode(*text);
}

const Library& library() {
  static const Library* made = [] {
    auto* library = new Library();
    add_functions(*library, 4);
    return library;
  }();
  return *made;
}

Value value_of(Arena& arena, const json& from) {
  if (from.is_object()) {
    Map* map = Map::make(arena, from.size());
    for (const auto& [key, value] : from.items()) map->set(arena.copy(key), value_of(arena, value));
    return Value::of(map);
  }
  if (from.is_array()) {
    ListBuilder list(arena, from.size());
    for (const auto& value : from) list.add(value_of(arena, value));
    return list.list();
  }
  if (from.is_string()) return Value::of(arena.copy(from.get_ref<const std::string&>()));
  if (from.is_boolean()) return Value::of(from.get<bool>());
  if (from.is_number()) return Value::of(from.get<double>());
  return Value::nil();
}

Answer written(Value value) {
  std::string out;
  auto done = write_json(out, value, library());
  return done ? good(out) : bad(done.error().message());
}

Answer run_template(const json& question) {
  Answer answer;
  on_large_stack([&] {
    TemplateSet set(library());
    auto parsed = set.parse("test", decode(question, "text"));
    if (!parsed) {
      answer = bad(parsed.error().message());
      return;
    }
    constexpr size_t kMemory = size_t{1} << 30;
    Arena arena(kMemory);
    Execution execution(set, arena, Options{}, render::Limits{.fuel = 200'000'000});
    answer = execution.run("test", value_of(arena, question["data"])) ? good(execution.output())
                                                                      : bad(execution.failure().text());
  });
  return answer;
}

Answer run_read(const json& question) {
  Arena arena;
  auto value = read_yaml(arena, decode(question, "text"));
  return value ? written(*value) : bad(value.error().message());
}

// toYaml's text, or toYamlPretty's.
Answer run_emit(const json& question, bool pretty) {
  Arena arena;
  Value value = value_of(arena, question["data"]);
  auto text = pretty ? write_pretty_yaml(value, library()) : marshal_yaml(arena, value, library());
  return text ? good(*text) : bad(text.error().message());
}

helm::SetKind kind_of(const std::string& name) {
  static const std::map<std::string, helm::SetKind> kinds = {{"set", helm::SetKind::kTyped},
                                                             {"string", helm::SetKind::kString},
                                                             {"json", helm::SetKind::kJson},
                                                             {"literal", helm::SetKind::kLiteral}};
  return kinds.at(name);
}

Answer run_set(const json& question) {
  Arena arena;
  Value values = value_of(arena, question["data"]);
  for (const json& flag : question.value("flags", json::array())) {
    auto done = helm::apply_set(arena, *values.map(), kind_of(flag["kind"]), decode(flag, "text"));
    if (!done && flag["kind"] == "json") return bad("json");  // helm says the flag instead
    if (!done) return bad(done.error().message());
  }
  return written(values);
}

Answer run_chart(const json& question) {
  MemoryTree tree;
  const json files = question.value("files", json::object());
  for (const auto& [name, text] : files.items()) tree.put(name, decode(text));
  helm::ChartInput input;
  input.release_name = "fuzzed";
  input.include_crds = true;
  input.with_values = false;
  for (const json& text : question.value("values", json::array())) {
    input.values.push_back({"values" + std::to_string(input.values.size()) + ".yaml", decode(text)});
  }
  for (const json& flag : question.value("flags", json::array())) {
    input.sets.push_back({kind_of(flag["kind"]), decode(flag, "text")});
  }
  // helm reads the values, then the chart: so do its errors come.
  auto chart = helm::load_chart(tree, {.path = "chart"});
  if (!chart) {
    auto values = helm::check_user_values(input);
    return bad(values ? chart.error().message() : values.error().message());
  }
  input.chart = *std::move(chart);
  auto rendered = helm::render(input);
  if (rendered) return good(rendered->manifest);
  const Error& error = rendered.error();
  return bad(error.hint().empty() ? error.message() : error.message() + "\n\n" + error.hint());
}

Answer reply(const json& question) {
  std::string op = question["op"];
  if (op == "template") return run_template(question);
  if (op == "read") return run_read(question);
  if (op == "emit") return run_emit(question, false);
  if (op == "pretty") return run_emit(question, true);
  if (op == "set") return run_set(question);
  if (op == "chart") return run_chart(question);
  throw std::invalid_argument("unknown op " + op);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    Answer answer = reply(json::parse(line));
    std::cout << R"({"ok": )" << (answer.ok ? "true" : "false") << R"(, "text": ")" << base64_encode(answer.text)
              << "\"}" << std::endl;  // flushed: the next one may never end
  }
}
