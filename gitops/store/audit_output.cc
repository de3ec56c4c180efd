// What an audit found, for people (text), programs (JSON) and code hosts (SARIF 2.1.0).
#include <nlohmann/json.hpp>

#include "gitops/store/audit.h"

namespace autonomous::store {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string_view severity_name(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "note";
}

std::string dump(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

void append_finding(std::string& out, const Finding& finding) {
  out.append(severity_name(finding.severity))
      .append(": ")
      .append(finding.rule)
      .append(": ")
      .append(finding.message)
      .append("\n");
  std::string where;
  if (finding.release > 0) where += "release " + finding.target + "/" + std::to_string(finding.release);
  if (!finding.commit.empty()) where += (where.empty() ? "" : ", ") + ("commit " + finding.commit);
  if (!finding.file.empty()) where += (where.empty() ? "" : ", ") + finding.file;
  if (!where.empty()) out += "    " + where + "\n";
  if (finding.severity != Severity::kNote && !finding.remedy.empty()) out += "    remedy: " + finding.remedy + "\n";
}

std::string count(uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace

std::string audit_text(const AuditReport& report) {
  std::string out;
  for (const Finding& finding : report.findings) append_finding(out, finding);
  if (report.truncated) out += "… and more: only the first findings are shown\n";
  if (!report.foreign.empty()) {
    out += "\nMade past the platform:\n";
    for (const PastPlatform& change : report.foreign) out += "  " + format_time(change.at) + " " + change.line() + "\n";
  }
  if (!out.empty()) out += "\n";
  out += "Looked at " + count(report.releases, "release") + " of " + count(report.targets, "target") + ", " +
         count(report.commits, "commit") + ", " + count(report.entries, "ledger line") + ", " +
         count(report.tags, "tag") + ", " + count(report.signatures, "signature") + ".\n";
  out += "Trust: " + report.trust + ".\n";
  if (!report.proved.empty()) out += "\nProved:\n";
  for (const std::string& line : report.proved) out += "  - " + line + "\n";
  out += "\nNot provable from here:\n";
  for (const std::string& line : report.unproved) out += "  - " + line + "\n";
  out += report.ok() ? "\nThe history is whole.\n" : "\nThe history is NOT whole.\n";
  return out;
}

std::string audit_json(const AuditReport& report) {
  OrderedJson json;
  json["ok"] = report.ok();
  json["trust"] = report.trust;
  json["tips"] = {{"deploy", report.deploy}, {"ledger", report.ledger}, {"main", report.main}};
  json["looked_at"] = {{"releases", report.releases},
                       {"outcomes", report.outcomes},
                       {"targets", report.targets},
                       {"commits", report.commits},
                       {"entries", report.entries},
                       {"tags", report.tags},
                       {"signatures", report.signatures},
                       {"approvals", report.approvals},
                       {"signed_approvals", report.signed_approvals}};
  json["findings"] = OrderedJson::array();
  for (const Finding& finding : report.findings) {
    OrderedJson item = {
        {"rule", finding.rule}, {"severity", severity_name(finding.severity)}, {"message", finding.message}};
    if (!finding.commit.empty()) item["commit"] = finding.commit;
    if (!finding.file.empty()) item["file"] = finding.file;
    if (!finding.target.empty()) item["target"] = finding.target;
    if (finding.release > 0) item["release"] = finding.release;
    item["remedy"] = finding.remedy;
    json["findings"].push_back(std::move(item));
  }
  json["truncated"] = report.truncated;
  json["past_the_platform"] = OrderedJson::array();
  for (const PastPlatform& change : report.foreign) {
    OrderedJson item = {{"at", format_time(change.at)}, {"what", change.line()}, {"commit", change.commit}};
    if (!change.target.empty()) item["target"] = change.target;
    json["past_the_platform"].push_back(std::move(item));
  }
  json["proved"] = report.proved;
  json["not_provable"] = report.unproved;
  return dump(json);
}

std::string audit_sarif(const AuditReport& report) {
  OrderedJson rules = OrderedJson::array();
  for (const AuditRule& rule : audit_rules()) {
    rules.push_back(
        {{"id", rule.name}, {"shortDescription", {{"text", rule.what}}}, {"help", {{"text", rule.remedy}}}});
  }
  OrderedJson results = OrderedJson::array();
  for (const Finding& finding : report.findings) {
    OrderedJson result = {
        {"ruleId", finding.rule}, {"level", severity_name(finding.severity)}, {"message", {{"text", finding.message}}}};
    std::string uri = finding.file.empty() ? "README.md" : finding.file;
    result["locations"] = OrderedJson::array({{{"physicalLocation", {{"artifactLocation", {{"uri", uri}}}}}}});
    OrderedJson properties = OrderedJson::object();
    if (!finding.commit.empty()) properties["commit"] = finding.commit;
    if (!finding.target.empty()) properties["release"] = finding.target + "/" + std::to_string(finding.release);
    if (!properties.empty()) result["properties"] = std::move(properties);
    results.push_back(std::move(result));
  }
  OrderedJson run;
  run["tool"] = {{"driver", {{"name", "autonomous audit"}, {"rules", std::move(rules)}}}};
  run["results"] = std::move(results);
  run["versionControlProvenance"] =
      OrderedJson::array({{{"repositoryUri", "file:///"}, {"revisionId", report.deploy}, {"branch", "deploy"}}});
  run["properties"] = {{"trust", report.trust}};
  OrderedJson json;
  json["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  json["version"] = "2.1.0";
  json["runs"] = OrderedJson::array({std::move(run)});
  return dump(json);
}

}  // namespace autonomous::store
