// .helmignore: helm's own rules, which look like .gitignore and aren't. The first rule that matches decides; a negated
// rule ("!x") ignores everything that it does NOT match; "**" is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::helm {

class IgnoreRules {
 public:
  // `text` of .helmignore (may be empty), with helm's default rule after it. kInvalid with helm's words.
  static Result<IgnoreRules> parse(std::string_view text);

  // Whether helm leaves out what lies at `path` (relative to the chart).
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool folders_only = false;
    bool whole_path = false;  // else only the last part is matched
    bool plain = false;       // no character of it means more than itself
    bool ending = false;      // a star first, and then none that does
  };
  Result<void> add(std::string_view line);

  std::vector<Rule> rules_;
};

}  // namespace autonomous::helm
