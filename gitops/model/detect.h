// detect: what a source repository holds, told from its tree without a checkout, and the spec that it amounts to.
//
// autonomous.yaml; else chart(s); else plain manifests; else a Dockerfile or a language's build file. Reads at most a
// few hundred small files of the tree. Pure: the same tree gives the same answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "gitops/model/spec.h"

namespace autonomous::model {

enum class Structure : uint8_t { kSpec, kChart, kManifests, kDockerfile, kLanguage, kNothing };
std::string_view structure_name(Structure structure);

struct Detected {
  Structure structure = Structure::kNothing;
  std::string found;                 // the file that decided: "deploy/chart/Chart.yaml"
  std::vector<std::string> notes;    // for people: what was seen and what it was taken for
  std::vector<std::string> missing;  // what keeps it from being released, each with the line to add; empty: it can be
  std::string text;                  // autonomous.yaml: the file itself, or what `init` would write, with comments
  std::shared_ptr<const Spec> spec;  // from `text`; null where it is wrong (errors), or nothing was found
  std::vector<Error> errors;         // of an autonomous.yaml that is there
  std::vector<Error> warnings;

  bool releasable() const { return spec != nullptr && missing.empty() && errors.empty(); }
};

// `project`: the name that it is bound under; made from the folder's or repository's name for `init`.
Detected detect(const FileTree& tree, std::string_view project);

// A project's or app's name from what people call a folder: "My_Shop.git" → "my-shop"; "app" where nothing is left.
std::string to_name(std::string_view text, size_t max);

}  // namespace autonomous::model
