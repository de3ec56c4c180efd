// BatchLine: one render that `--batch` is asked for, read strictly: a key that nobody knows or a value of the wrong
// type is an error of its line, not something that is passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "render/helm/helm.h"
#include "render/helm/remote_chart.h"

namespace autonomous::helm {

// The keys are named like the flags of `helm template`:
//   name, chart, namespace, helm (3 or 4), kube-version: texts;
//   values (files), set, set-string, set-json, set-file, set-literal, api-versions, show-only: lists of texts;
//   include-crds, skip-crds, skip-tests, no-hooks, is-upgrade, skip-schema-validation: true or false;
//   version, repo, username, password, ca-file, cert-file, key-file, registry-config, plain-http,
//   insecure-skip-tls-verify, pass-credentials: of a chart that is fetched.
struct BatchLine {
  std::string name;    // as far as the line can be read, also where it is wrong
  RemoteChart remote;  // its `chart` is the line's, which may be a path
  std::vector<std::string> value_files;
  ChartInput input;  // without chart and values
};

// Fills `line`; kInvalid with what is wrong.
Result<void> read_batch_line(std::string_view text, BatchLine& line);

}  // namespace autonomous::helm
