// blame: which release, person, source commit, file and line set a field of a resource. From a clone alone.
#pragma once

#include <string>
#include <vector>

#include "gitops/model/ids.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

struct BlameAnswer {
  std::string field;  // "Deployment/web spec.replicas"
  std::string value;  // "" with `gone`: the field is not there any more
  bool gone = false;
  model::ReleaseId release;  // that set it
  std::string before;        // what it was in the release before; "" = nothing
  std::string restores;      // the release was a rollback: whose value came back
  Time at{};
  std::string requested_by, author, because, subject;
  std::string source;  // URL and commit
  std::string commit;  // on deploy
  struct Place {
    std::string file;  // of the source commit, or of main (config/…, platform.yaml)
    uint32_t line = 0;
    std::string setting;  // "scale.min"
    std::string text;     // the line
    // Of a file on main: the commit that wrote the line, who, and what they said of it (hostile). Else "".
    std::string commit, author, subject;
  };
  std::vector<Place> places;  // the likeliest first; none: the chart or a default set it
  std::string how;            // how the place was found, or why there is none
};

// `what`: "<kind>/<name>.<field>", as deployment/web.spec.replicas or
// deployment/web.spec.template.spec.containers[web].image (a list's element by its position or by its name). kNotFound
// for a resource or field that no release had.
Result<BlameAnswer> blame(store::Reader& reader, const model::Target& target, const std::string& what);

}  // namespace autonomous::daemon
