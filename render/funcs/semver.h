// Versions and constraints as Masterminds/semver 3.5 reads them: helm's judge for dependencies, kubeVersion and
// semverCompare. Immutable values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::render {

struct Version {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  std::string pre;
  std::string metadata;
  std::string original;

  // NewVersion: lenient ("v1.2"). The error's message is Go's.
  static Result<Version> parse(std::string_view text);
  std::string str() const;  // 1.2.0-pre+meta
};
// -1, 0, 1; metadata does not count.
int compare(const Version& a, const Version& b);

class Constraints {
 public:
  static Result<Constraints> parse(std::string_view text);
  bool check(const Version& version) const;

 private:
  struct One {
    std::string op;
    Version version;
    bool dirty = false;  // a part was left out or is a wildcard
    bool minor_dirty = false;
    bool patch_dirty = false;
  };
  struct Group {
    std::vector<One> all;
    bool has_pre = false;
  };
  static Result<One> parse_one(std::string_view op, std::string_view version);
  static bool holds(const One& one, const Version& version, bool with_pre);

  std::vector<Group> any_;
};

// helm's IsCompatibleRange: false also for what does not parse.
bool is_compatible_range(std::string_view constraint, std::string_view version);

}  // namespace autonomous::render
