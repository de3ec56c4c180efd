// Compares the schema validator with what the real jsonschema/v6 said (oracle/main.go made the cases).
#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "render/helm/schema.h"

namespace {

using autonomous::helm::SchemaValue;

// As encoding/json reads values: every number is a float64.
SchemaValue convert(const nlohmann::json& value) {
  if (value.is_boolean()) return SchemaValue::boolean(value.get<bool>());
  if (value.is_number()) return SchemaValue::number(value.get<double>());
  if (value.is_string()) return SchemaValue::string(value.get_ref<const std::string&>());
  SchemaValue out;
  if (value.is_array()) {
    out.kind = SchemaValue::Kind::kArray;
    for (const auto& item : value) out.items.push_back(convert(item));
  }
  if (value.is_object()) {
    out.kind = SchemaValue::Kind::kObject;
    for (const auto& entry : value.items()) out.add(entry.key(), convert(entry.value()));
    out.sort();
  }
  return out;
}

// Where Go's map order decides, the lines come in any order; 30 runs don't show all of them.
std::string sorted(const std::string& text) {
  std::string out = text;
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1]);
  int tried = 0, different = 0, in_another_order = 0, valid = 0;
  int left = argc > 2 ? std::stoi(argv[2]) : 10;
  for (std::string line; std::getline(file, line); ++tried) {
    auto wanted = nlohmann::json::parse(line);
    auto result = autonomous::helm::validate_schema(
        wanted["schema"].get<std::string>(), convert(nlohmann::json::parse(wanted["values"].get<std::string>())));
    std::string ours = result ? "" : result.error().message();
    valid += result ? 1 : 0;
    auto texts = wanted["errors"].get<std::vector<std::string>>();
    if (std::find(texts.begin(), texts.end(), ours) != texts.end()) continue;
    auto same_letters = [&](const std::string& text) { return sorted(text) == sorted(ours); };
    if (texts.size() > 1 && std::any_of(texts.begin(), texts.end(), same_letters)) {
      ++in_another_order;
      continue;
    }
    ++different;
    if (left-- <= 0) continue;
    std::cout << "---- " << wanted["schema"].get<std::string>() << "\n  values " << wanted["values"].get<std::string>()
              << "\n  real:\n"
              << texts[0] << "  ours:\n"
              << ours << "\n";
  }
  std::cout << "schema: " << tried << " cases (" << valid << " valid), " << different << " different, "
            << in_another_order << " the same in another order\n";
  return tried == 0 || different > 0 ? 1 : 0;
}
