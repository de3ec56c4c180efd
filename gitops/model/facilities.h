// Facilities: what an environment offers to the apps that are rendered for it, as platform.yaml says: gateways,
// issuers, stores, monitoring, operators. The platform owns them; an app's spec can't say them. Pure values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gitops/model/value.h"

namespace autonomous::model {

struct Facilities {
  struct Gateway {
    std::string name, ns;  // no name: Ingresses
    std::string listener;  // its sectionName; "" = all
  } gateway;
  struct Ingress {
    std::string class_name;
    std::map<std::string, std::string> annotations;
  } ingress;
  struct Tls {
    std::string issuer;  // of cert-manager; "" = whoever routes brings the certificate
    std::string kind = "ClusterIssuer";
  } tls;
  struct Dns {
    std::string prefix =
        "external-dns.kubernetes.io/";  // of annotations; before v0.22: external-dns.alpha.kubernetes.io/
    std::string ttl, target;
  } dns;
  // Who brings secrets from the store into the cluster.
  struct Delivery {
    std::string by = "external-secrets";                             // | vault-secrets-operator | agent-injector
    std::string store = "vault", store_kind = "ClusterSecretStore";  // External Secrets: which store
    std::string server;      // where Vault is, for secrets that it makes anew for each lease
    std::string auth, role;  // Vault's auth: mount or VaultAuth; role, a pattern
    std::string refresh;     // "" = 1h
  } delivery;
  struct Storage {
    std::string class_name;  // of volumes; "" = the cluster's default
    std::string tools;       // an image with kubectl and a shell: takes snapshots, lets volumes of sets grow; "" = none
    std::string snapshot_class, snapshot_image;
    Value objects;  // CloudNativePG's barmanObjectStore, as it is
  } storage;
  struct Monitoring {
    std::string monitor;  // service | pod: monitors of the Prometheus operator; "" = annotations on pods
    std::string ns;       // where Prometheus runs
    std::string interval;
    bool rules = false;
    std::map<std::string, std::string> labels;      // that its monitors and rules must have
    std::map<std::string, std::string> dashboards;  // labels that Grafana's sidecar looks for; empty: none
  } monitoring;
  std::vector<std::string> operators;  // argo-rollouts, keda, vertical-pod-autoscaler

  bool has_operator(std::string_view name) const;
};

// From one environment's record, already checked by its shape.
Facilities read_facilities(const Value& environment);

}  // namespace autonomous::model
