// Targets, releases and outcomes of a history that is made up, as a platform of a few thousand apps has them.
#pragma once

#include <string>

#include "gitops/base/digest.h"
#include "gitops/git/object.h"
#include "gitops/store/layout.h"
#include "gitops/store/record.h"

namespace autonomous::history {

inline constexpr size_t kApps = 5, kEnvironments = 4;

inline model::Target target_at(size_t i) {
  static const char* environments[] = {"dev", "test", "staging", "production"};
  size_t app = i / kEnvironments;
  return {environments[i % kEnvironments], "project" + std::to_string(app / kApps),
          "app" + std::to_string(app % kApps)};
}

inline std::string sha(const std::string& text) { return "sha256:" + Sha256().add_field(text).finish_hex(); }

inline store::Draft draft_of(const model::Target& target, uint32_t number) {
  std::string name = target.str() + " " + std::to_string(number);
  std::string image = "registry.example.com/" + target.project + "/" + target.app + "@" + sha("image " + name);
  store::ReleaseInputs inputs;
  inputs.target = target;
  inputs.source = model::SourceFact{"https://git.example.com/acme/" + target.project + ".git",
                                    git::hash_object(git::ObjectKind::kBlob, "source " + name).hex(), ""};
  inputs.images = {{target.app, image}};
  inputs.render_format = "render-format/1";
  inputs.helm = "helm/4";
  inputs.artifact = sha("artifact " + name);
  std::string spec = "version: 1\nproject: " + target.project + "\n";
  inputs.spec_digest = "sha256:" + sha256_hex(spec);
  store::Draft draft;
  draft.target = target;
  std::string deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + target.app + "\n  labels: {app: " + target.app +
      "}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: " + target.app +
      "}}\n  template:\n    metadata: {labels: {app: " + target.app +
      "}}\n    spec:\n      containers:\n        - name: " + target.app + "\n          image: " + image +
      "\n          ports: [{containerPort: 8080}]\n          resources: {requests: {cpu: 100m, memory: 128Mi}}\n";
  draft.files = {
      {"release.yaml", store::format_release_yaml(inputs)},
      {"values.yaml", "image: " + image + "\nreplicas: 2\nport: 8080\n"},
      {"manifests/deployment.apps-" + target.app + ".yaml", deployment},
      {"manifests/service-" + target.app + ".yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: " + target.app +
                                                        "}\nspec:\n  ports: [{port: 80, targetPort: 8080}]\n"}};
  draft.trailers.trigger = model::Trigger::kPush;
  draft.trailers.source = inputs.source;
  draft.trailers.source->ref = "refs/heads/main";
  draft.trailers.images = {{target.app, image}};
  draft.trailers.renderer = model::RendererFact{"render-format/1", "helm/4", "autonomous 0.1.0"};
  draft.trailers.input_digest = store::input_digest(inputs);
  draft.trailers.requested_by = model::Who{"Jane Doe", "jane@example.com", "commit, unverified"};
  draft.author = {"Jane Doe", "jane@example.com", std::nullopt};
  draft.subject = "Change " + target.app + " for the " + std::to_string(number) + ". time";
  draft.source_author = "Jane Doe <jane@example.com>";
  draft.artifact = inputs.artifact;
  draft.inputs[inputs.spec_digest] = {spec, {}};
  draft.on_number = number - 1;
  return draft;
}

inline model::Entry outcome_of(const model::Target& target, uint32_t number, Time time) {
  model::Entry entry;
  entry.type = model::EntryType::kOutcome;
  entry.target = target;
  entry.number = number;
  entry.time = time;
  entry.verdict = model::Verdict::kHealthy;
  entry.reason = "all 2 resources are there and healthy";
  entry.looked_at = "argocd-prod " + target.environment + "." + target.project + "." + target.app;
  entry.steps = {{"render", Millis(40)}, {"commit", Millis(120)}, {"verify", Millis(21'000)}};
  return entry;
}

}  // namespace autonomous::history
