// What the parts of detect share: the tree's listing and the apps found so far. Inside gitops/model only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/model/detect.h"

namespace autonomous::model {

// An app of the inferred spec: its name and the lines below it, comments included.
struct Draft {
  std::string name;
  std::vector<std::string> lines;
};

struct Survey {
  const FileTree& tree;
  std::string project;
  std::vector<FileEntry>
      files;  // plain files outside of folders that hold other people's code, at most four folders deep
  Detected out;
  std::vector<Draft> apps;

  bool has(std::string_view path) const;
  // Content of a small file; "" when it isn't there or too big.
  std::string read(std::string_view path) const;
  Draft& add(std::string_view name);  // the name is made valid and unique
};

// Each says whether it found its structure and fills apps, notes, missing and out.structure.
bool find_charts(Survey& survey);
bool find_manifests(Survey& survey);
bool find_compose(Survey& survey);
bool find_dockerfiles(Survey& survey);
bool find_language(Survey& survey);

std::string file_name(std::string_view path);
std::string folder_name(std::string_view path);  // "" for the root
// A scalar for a YAML file, quoted where it has to be; a list in one line.
std::string yaml_text(std::string_view text);
std::string yaml_list(const std::vector<std::string>& items);

// What a Dockerfile says about the image that it makes: its last stage.
struct DockerfileFacts {
  std::string port;  // EXPOSE; "" = none
  bool root = true;  // no USER, or root
};
DockerfileFacts read_dockerfile(std::string_view text);

}  // namespace autonomous::model
