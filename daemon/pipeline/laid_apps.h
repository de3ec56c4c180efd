// LaidApps: the apps of a spec as they go to one environment: each with the environment's defaults and what main says
// of it there laid over it, once; and whom it talks to. Owned by one plan.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/pipeline/wish.h"

namespace autonomous::daemon {

class LaidApps {
 public:
  // All must outlive it.
  LaidApps(const model::Spec& spec, const std::string& project, const PlatformView& view,
           const model::Environment& environment)
      : spec_(spec), project_(project), view_(view), environment_(environment), names_(spec.apps(environment.name)) {}

  const std::vector<std::string>& names() const { return names_; }  // sorted
  // Null, with the errors noted, where the app's configuration is wrong.
  std::shared_ptr<const model::App> find(const std::string& name);
  // The apps that it names, and under a strict network those that name it. Nothing where one that it names is wrong:
  // what is bound to it waits for it.
  std::optional<Neighbours> around(const std::string& name, const model::App& app);

  // Of those that were looked at.
  const std::vector<Error>& errors() const { return errors_; }
  const std::vector<Error>& warnings() const { return warnings_; }

 private:
  std::shared_ptr<const model::App> lay(const std::string& name);
  void add_callers(const std::string& name, Neighbours& out);

  const model::Spec& spec_;
  const std::string& project_;
  const PlatformView& view_;
  const model::Environment& environment_;
  std::vector<std::string> names_;
  Neighbours apps_;                                                         // those that were laid; null: wrong
  std::optional<std::map<std::string, std::vector<std::string>>> callers_;  // by who is called
  std::vector<Error> errors_, warnings_;
};

}  // namespace autonomous::daemon
