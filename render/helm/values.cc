#include "render/helm/values.h"

#include "gitops/base/text.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/json_read.h"
#include "render/helm/strvals.h"

namespace autonomous::helm {

namespace {

// Kubernetes' YAMLReader: cuts at lines that begin with "---"; nothing but a comment may follow on such a line. The cut
// is textual: a block scalar that holds such a line is cut as well.
class DocumentReader {
 public:
  explicit DocumentReader(std::string_view text) : rest_(text) {}

  // False at the end.
  Result<bool> next(std::string& document) {
    document.clear();
    while (!rest_.empty()) {
      size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (ends_with(line, "\r")) line.remove_suffix(1);
      if (starts_with(line, "---")) {
        std::string_view after = trim(line.substr(3));
        if (!after.empty() && after.front() != '#') {
          return fail(Code::kInvalid, "error reading yaml document: invalid Yaml document separator: ", after);
        }
        if (!document.empty()) return true;
      }
      document += line;
      document += '\n';
    }
    return !document.empty();
  }

 private:
  std::string_view rest_;
};

// Whether that reader would change the text: it ends each line with "\n", the last one, too.
bool needs_cutting(std::string_view text) {
  return starts_with(text, "---") || text.find("\n---") != std::string_view::npos ||
         text.find('\r') != std::string_view::npos || !ends_with(text, "\n");
}

Result<render::Map*> read_document(render::Arena& arena, std::string_view text, const yaml::Limits& limits) {
  auto map = render::read_yaml_map(arena, text, limits);
  if (!map) return fail(map.error().code(), "cannot unmarshal yaml document: ", map.error().message());
  return *map == nullptr ? render::Map::make(arena) : *map;
}

Result<void> apply_json(Work& work, render::Map*& base, const std::string& text) {
  std::string_view trimmed = trim(text);
  if (work.helm == HelmVersion::k4 && starts_with(trimmed, "{")) {
    auto value = read_json(work.arena, trimmed);
    if (!value) return fail(Code::kInvalid, "failed parsing --set-json data JSON: ", text);
    base = merge_maps(work, *base, *value->map());
    return ok();
  }
  if (!apply_set(work.arena, *base, SetKind::kJson, text, {}, work.helm)) {
    return fail(Code::kInvalid, "failed parsing --set-json data ", text);
  }
  return ok();
}

}  // namespace

Result<render::Map*> read_values(render::Arena& arena, HelmVersion helm, std::string_view text,
                                 const yaml::Limits& limits) {
  if (helm == HelmVersion::k3) {
    TRY(render::Map * map, render::read_yaml_map(arena, text, limits));
    return map == nullptr ? render::Map::make(arena) : map;
  }
  if (!needs_cutting(text)) return read_document(arena, text, limits);
  std::vector<std::string> unused;
  Work work(arena, helm, &unused);
  render::Map* merged = render::Map::make(arena);
  DocumentReader reader(text);
  std::string document;
  while (true) {
    TRY(bool more, reader.next(document));
    if (!more) return merged;
    TRY(render::Map * map, read_document(arena, document, limits));
    merged = merge_maps(work, *merged, *map);
  }
}

Result<render::Map*> user_values(Work& work, const ChartInput& input) {
  render::Map* base = work.new_map();
  for (const ValuesText& file : input.values) {
    auto map = read_values(work.arena, input.helm, file.text, input.limits.yaml);
    if (!map) return fail(map.error().code(), "failed to parse ", file.name, ": ", map.error().message());
    base = merge_maps(work, *base, **map);
  }
  struct Step {
    SetKind kind;
    std::string_view flag;
  };
  constexpr Step kSteps[] = {{SetKind::kJson, "--set-json"},
                             {SetKind::kTyped, "--set"},
                             {SetKind::kString, "--set-string"},
                             {SetKind::kFile, "--set-file"},
                             {SetKind::kLiteral, "--set-literal"}};
  for (const Step& step : kSteps) {
    for (const SetFlag& set : input.sets) {
      if (set.kind != step.kind) continue;
      if (set.kind == SetKind::kJson) {
        TRY_DO(apply_json(work, base, set.text));
        continue;
      }
      auto applied = apply_set(work.arena, *base, set.kind, set.text, input.read_set_file, work.helm);
      if (!applied)
        return fail(applied.error().code(), "failed parsing ", step.flag, " data: ", applied.error().message());
    }
  }
  return base;
}

}  // namespace autonomous::helm
