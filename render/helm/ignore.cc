#include "render/helm/ignore.h"

#include "gitops/base/text.h"
#include "render/helm/match.h"

namespace autonomous::helm {

Result<IgnoreRules> IgnoreRules::parse(std::string_view text) {
  if (starts_with(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  IgnoreRules rules;
  for (std::string_view line : split(text, '\n')) TRY_DO(rules.add(line));
  TRY_DO(rules.add("templates/.?*"));
  return rules;
}

Result<void> IgnoreRules::add(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#') return ok();
  if (line.find("**") != std::string_view::npos)
    return fail(Code::kInvalid, "double-star (**) syntax is not supported");
  if (!path_match(line, "abc")) return fail(Code::kInvalid, "syntax error in pattern");
  Rule rule;
  if (line.front() == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (ends_with(line, "/")) {
    rule.folders_only = true;
    line.remove_suffix(1);
  }
  rule.whole_path = line.find('/') != std::string_view::npos;
  if (starts_with(line, "/")) line.remove_prefix(1);
  rule.pattern = line;
  constexpr std::string_view kSpecial = "*?[\\";
  rule.plain = line.find_first_of(kSpecial) == std::string_view::npos;
  rule.ending = !rule.whole_path && starts_with(line, "*") && line.find_first_of(kSpecial, 1) == std::string_view::npos;
  rules_.push_back(std::move(rule));
  return ok();
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  std::string_view base = base_name(path);
  for (const Rule& rule : rules_) {
    std::string_view name = rule.whole_path ? path : base;
    bool matched = rule.plain    ? rule.pattern == name
                   : rule.ending ? ends_with(name, std::string_view(rule.pattern).substr(1))
                                 : path_match(rule.pattern, name).value_or(false);
    if (rule.negated) {
      if ((rule.folders_only && !is_folder) || !matched) return true;
      continue;
    }
    if (rule.folders_only && !is_folder) continue;
    if (matched) return true;
  }
  return false;
}

}  // namespace autonomous::helm
