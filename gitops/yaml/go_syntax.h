// Part of read.cc: a value as Go's %#v prints it, for the two errors of yaml.v2 and sigs.k8s.io/yaml that show one:
// "invalid map key: map[interface {}]interface {}{".Values.x":interface {}(nil)}", which is what an unquoted
// `{{ .Values.x }}` in a values file comes to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {

class GoSyntax final : public Sink {
 public:
  void begin_map() override { open_.push_back({true, {}, {}, {}}); }
  void key(std::string_view key) override;
  void typed_key(const Scalar& key);  // keys that aren't texts stay what they are
  void end_map() override;
  void begin_list() override { open_.push_back({false, {}, {}, {}}); }
  void end_list() override;
  void scalar(const Scalar& scalar) override;

  // The whole value; a nil prints as `<nil>` where nothing is around it.
  std::string take() { return std::move(text_); }

 private:
  struct Open {
    bool map;
    std::string key;
    std::vector<std::pair<std::string, std::string>> entries;
    std::string items;
  };
  void add(std::string text);

  std::vector<Open> open_;
  std::string text_;
};

}  // namespace autonomous::yaml
