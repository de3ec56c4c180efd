#include "render/helm/schema_check.h"

#include "render/helm/json_read.h"
#include "render/template/format.h"

namespace autonomous::helm {
namespace {

constexpr int kMaxValueDepth = 10'000;

SchemaValue convert(const render::Value& value, int depth) {
  SchemaValue out;
  if (value.is_bool()) return SchemaValue::boolean(value.boolean());
  if (value.is_int()) return SchemaValue::number(value.integer());
  if (value.is_uint()) return SchemaValue::number(static_cast<int64_t>(value.unsigned_integer()));
  if (value.is_float()) return SchemaValue::number(value.floating());
  if (value.is_string()) return SchemaValue::string(value.string());
  if (depth > kMaxValueDepth) return out;
  if (value.is_list()) {
    out.kind = SchemaValue::Kind::kArray;
    for (const render::Value& item : value.items()) out.items.push_back(convert(item, depth + 1));
  }
  if (value.is_map()) {
    out.kind = SchemaValue::Kind::kObject;
    if (value.map() == nullptr) return out;
    for (const render::Map::Entry& entry : value.map()->entries()) {
      out.add(std::string(entry.key.text()), convert(entry.value, depth + 1));
    }
    out.sort();
  }
  return out;
}

// helm logs the whole schema, which log/slog quotes as it does all bytes.
void log_schema(Work& work, const WorkChart& chart) {
  work.slog("DEBUG", "chart name", {"chart-name", chart.name});
  if (!read_json(work.arena, chart.chart->schema->text())) return;
  work.line("level=DEBUG msg=\"unmarshalled JSON schema\" schema=" + render::quote_go(chart.chart->schema->text()));
}

void check(Work& work, const WorkChart& chart, const render::Value& values, std::string& text) {
  if (chart.chart->schema) {
    if (work.debugs()) log_schema(work, chart);
    auto done = chart.chart->schema->validate(schema_value(values));
    if (!done) text += chart.name + ":\n" + done.error().message();
  }
  if (work.debugs()) {
    std::string count = std::to_string(chart.dependencies.size());
    work.slog("DEBUG", "number of dependencies in the chart", {"chart", chart.name, "dependencies", count});
  }
  for (const WorkChart* inner : chart.dependencies) {
    const render::Value* given = values.map() == nullptr ? nullptr : values.map()->find(inner->name);
    if (given == nullptr || given->is_nothing()) continue;
    if (given->is_map()) {
      check(work, *inner, *given, text);
    } else {
      text += inner->name + ":\ninvalid type for values: expected object (map), got " +
              std::string(given->type_name()) + "\n";
    }
  }
}

}  // namespace

SchemaValue schema_value(const render::Value& value) { return convert(value, 0); }

Result<void> check_schemas(Work& work, const WorkChart& root, render::Map* values) {
  std::string text;
  check(work, root, render::Value::of(values), text);
  if (text.empty()) return ok();
  return fail(Code::kInvalid, "values don't meet the specifications of the schema(s) in the following chart(s):\n",
              text);
}

}  // namespace autonomous::helm
