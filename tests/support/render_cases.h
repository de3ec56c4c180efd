// Test support: data from JSON as Helm's values have it (objects are map[string]interface {}, numbers float64), and the
// cases of tests/golden/template, whose answers the Go oracle beside them has written.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "render/template/engine.h"

namespace autonomous::render::testing {

inline Value from_json(Arena& arena, const nlohmann::json& json) {
  if (json.is_object()) {
    Map* map = Map::make(arena, json.size());
    for (const auto& [key, value] : json.items()) map->set(arena.copy(key), from_json(arena, value));
    return Value::of(map);
  }
  if (json.is_array()) {
    ListBuilder list(arena, json.size());
    for (const auto& value : json) list.add(from_json(arena, value));
    return list.list();
  }
  if (json.is_string()) return Value::of(arena.copy(json.get<std::string>()));
  if (json.is_boolean()) return Value::of(json.get<bool>());
  if (json.is_number()) return Value::of(json.get<double>());
  return Value::nil();
}

struct Answer {
  std::string output;
  std::string error;
  friend bool operator==(const Answer&, const Answer&) = default;
};
// GoogleTest looks for this name.
inline void PrintTo(const Answer& answer, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << (answer.error.empty() ? "output: " + answer.output : "error: " + answer.error);
}

inline Answer render_text(const Library& library, const std::string& text, const nlohmann::json& data,
                          const Options& options = {}, const Limits& limits = {}) {
  Answer answer;
  on_large_stack([&] {
    TemplateSet set(library);
    auto parsed = set.parse("test", text);
    if (!parsed) {
      answer.error = parsed.error().message();
      return;
    }
    Arena arena;
    Execution execution(set, arena, options, limits);
    if (execution.run("test", from_json(arena, data))) {
      answer.output = execution.output();
    } else {
      answer.error = execution.failure().text();
    }
  });
  return answer;
}

// Runs every case of the file and reports each that differs.
inline void check_cases(const Library& library, const std::string& path) {
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  ::setenv("TZ", "UTC", 1);  // as where the answers were made (tests/golden): a machine's own zone is called Local
  std::string line;
  nlohmann::json data = nlohmann::json::object();
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    nlohmann::json c = nlohmann::json::parse(line);
    if (c.contains("data")) {
      data = c["data"];
      continue;
    }
    Answer wanted{c.value("o", ""), c.value("e", "")};
    Answer answer = render_text(library, c["t"], data);
    EXPECT_EQ(answer, wanted) << path << ":" << number << ": " << c["t"].get<std::string>();
  }
}

}  // namespace autonomous::render::testing
