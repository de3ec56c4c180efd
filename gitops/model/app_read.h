// From a merged, checked Value to an App, and what must hold between its parts. Used by spec and effective only.
#pragma once

#include <string>
#include <vector>

#include "gitops/model/spec.h"

namespace autonomous::model {

// Fills everything that is read from the value; merged was checked by app_shape, so nothing can fail.
void read_app(const Value& merged, App& app);

// What a shape can't say: no image, ports that nobody has, both chart and manifests…
// `own`: the layers that were written for this app, without defaults.
void judge_app(const App& app, const Value& own, std::vector<Error>& errors, std::vector<Error>& warnings);

// effective() without the settings, for judging a whole file. known: the names of the apps in that environment.
Parsed<Effective> judge_effective(const Spec& spec, std::string_view environment, std::string_view app,
                                  const std::vector<std::string>& known);

Rendering rendering_of(const Value& merged);

// What is filled in where nobody says anything, as a layer for `autonomous config`.
Value built_in_defaults(const Value& merged);

}  // namespace autonomous::model
