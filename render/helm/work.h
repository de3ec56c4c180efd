// WorkChart: one render's own view of a chart, as helm's *chart.Chart is changed on the way: aliases rename it,
// disabled dependencies leave it, imported values enter its defaults.
//
// Lives in a WorkCharts, which lives as long as the render; values live in the render's arena. One thread. Names and
// order of the functions follow helm's own (chart/v2/util/dependencies.go, chart/common/util/coalesce.go): whoever
// compares both should find their way.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/chart.h"
#include "render/template/value.h"

namespace autonomous::helm {

using render::Arena;
using render::Map;
using render::Value;

// A Dependency as helm changes it while it works; `imported` is what .Chart.Dependencies shows of import-values then.
struct WorkDependency {
  Dependency spec;
  bool processed = false;  // its import-values were rewritten as child/parent pairs
  std::vector<ImportValue> imported;
};

struct WorkChart {
  const Chart* chart = nullptr;
  std::string name;  // the alias, where there is one
  bool has_requirements = false;
  std::vector<std::shared_ptr<WorkDependency>> requirements;  // shared between copies, where helm shares pointers
  Map* values = nullptr;                                      // the chart's defaults; never null
  std::vector<WorkChart*> dependencies;
  WorkChart* parent = nullptr;

  bool is_root() const { return parent == nullptr; }
  std::string full_path() const { return parent == nullptr ? name : parent->full_path() + "/charts/" + name; }
  void set_dependencies(std::vector<WorkChart*> charts) {
    for (WorkChart* child : charts) child->parent = this;
    dependencies = std::move(charts);
  }
};

// What every step needs: the arena, helm's version, and where warnings go.
class Work {
 public:
  Work(Arena& arena, HelmVersion helm, std::vector<std::string>* warnings)
      : arena(arena), helm(helm), warnings_(warnings) {}

  WorkChart* add(const Chart& chart);          // with all that it contains
  WorkChart* copy(const WorkChart& original);  // as Go copies a struct: what it points to is shared

  Map* new_map() { return Map::make(arena); }
  std::string_view keep(std::string_view text) { return arena.copy(text); }

  // log.Printf: helm 4 sends it through slog, helm 3 puts the line of its own source before it.
  void log(std::string_view helm3_line, std::string_view message);
  // slog.Warn and its kin: level is "WARN"; attributes are key, value, key, value…
  void slog(std::string_view level, std::string_view message, std::vector<std::string_view> attributes = {});
  // A line of standard error as it stands.
  void line(std::string text);
  // Helm 4's debug lines are wanted (helm 3's carry the clock and are nobody's).
  bool debugs() const { return debug && helm == HelmVersion::k4; }

  Arena& arena;
  HelmVersion helm;
  bool debug = false;

 private:
  std::deque<WorkChart> charts_;
  std::vector<std::string>* warnings_;
};

// ProcessDependencies: removes what tags and conditions disable, applies aliases, imports values.
Result<void> process_dependencies(Work& work, WorkChart& chart, Map* values);
// CheckDependencies: everything that Chart.yaml asks for is in charts/.
Result<void> check_dependencies(const Chart& chart);

// CoalesceValues (nulls delete) and MergeValues (nulls stay): `values` over the defaults of the chart and all below it.
Result<Map*> coalesce_values(Work& work, WorkChart& chart, Map* values);
Result<Map*> merge_values(Work& work, WorkChart& chart, Map* values);
// CoalesceTables and MergeTables: src below dst, in place; returns dst.
Map* coalesce_tables(Work& work, Map* dst, Map* src);
Map* merge_tables(Work& work, Map* dst, Map* src);
// loader.MergeMaps: b over a, in a new map.
Map* merge_maps(Work& work, const Map& a, const Map& b);

// Values.Table("a.b.c"); nullptr and the missing key's name where there is none.
Map* find_table(Map* values, std::string_view path, std::string* missing = nullptr);

// As log/slog's text handler quotes a value.
std::string slog_value(std::string_view text);

}  // namespace autonomous::helm
