#include "daemon/http/api_json.h"

#include <nlohmann/json.hpp>

namespace autonomous::daemon {

using nlohmann::json;

namespace {

void put(json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

void put_time(json& out, const char* key, Time value) {
  if (value != Time{}) out[key] = format_time(value);
}

// Found by the template below, which unqualified lookup alone reaches.
json to_json(const HoldInfo& hold);
json to_json(const ReleaseStep& step);
json to_json(const WhereRow& row);
json to_json(const ConfigValue& value);

template <typename T>
json list(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) out.push_back(to_json(value));
  return out;
}

json to_json(const HoldInfo& hold) {
  json out = json::object();
  put(out, "who", hold.who);
  put(out, "because", hold.because);
  put(out, "ticket", hold.ticket);
  put_time(out, "since", hold.since);
  if (hold.until) put_time(out, "until", *hold.until);
  put(out, "behind", hold.behind);
  return out;
}

json to_json(const ReleaseStep& step) {
  json out = {{"name", step.name}, {"state", step.state}, {"milliseconds", step.took.count()}};
  put(out, "text", step.text);
  return out;
}

json to_json(const WhereRow& row) {
  json out = {{"target", row.target}, {"state", row.state}};
  if (row.number != 0) out["release"] = row.number;
  put_time(out, "at", row.at);
  put(out, "text", row.text);
  return out;
}

json to_json(const ConfigValue& value) { return {{"path", value.path}, {"value", value.value}, {"from", value.from}}; }

}  // namespace

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json to_json(const TargetRow& row) {
  json out = {{"target", row.target}, {"state", state_name(row.state)}};
  if (row.release != 0) out["release"] = row.release;
  if (row.live != 0) out["live"] = row.live;
  put(out, "step", row.step);
  put(out, "why", row.why);
  put(out, "source", row.source);
  put(out, "source_commit", row.source_commit);
  put(out, "subject", row.subject);
  put(out, "author", row.author);
  put(out, "ref", row.ref);
  put(out, "commit", row.commit);
  put_time(out, "since", row.since);
  put_time(out, "released_at", row.released_at);
  if (row.hold) out["hold"] = to_json(*row.hold);
  if (!row.images.empty()) out["images"] = row.images;
  if (!row.links.empty()) out["links"] = row.links;
  return out;
}

json to_json(const ReleaseRow& row) {
  json out = {{"target", row.target}, {"release", row.number}, {"outcome", row.outcome}, {"live", row.live}};
  put(out, "trigger", row.trigger);
  put(out, "because", row.because);
  put(out, "who", row.who);
  if (!row.approved_by.empty()) out["approved_by"] = row.approved_by;
  put(out, "ticket", row.ticket);
  put(out, "source_commit", row.source_commit);
  put(out, "subject", row.subject);
  put(out, "author", row.author);
  put(out, "commit", row.commit);
  put_time(out, "at", row.at);
  put(out, "reason", row.reason);
  put(out, "moved_from", row.moved_from);
  put(out, "moved_to", row.moved_to);
  return out;
}

json to_json(const DecisionRow& row) {
  json out = {{"type", row.type}};
  put(out, "target", row.target);
  if (row.release != 0) out["release"] = row.release;
  put(out, "scope", row.scope);
  put(out, "who", row.who);
  put(out, "because", row.because);
  put(out, "ticket", row.ticket);
  put_time(out, "at", row.at);
  if (row.until) put_time(out, "until", *row.until);
  put(out, "id", row.id);
  put(out, "role", row.role);
  put(out, "artifact", row.artifact);
  put(out, "source_commit", row.source_commit);
  put(out, "subject", row.subject);
  put(out, "commit", row.commit);
  put(out, "reason", row.reason);
  return out;
}

json to_json(const ReleaseDetails& details) {
  json out = to_json(details.row);
  json trailers = json::array();
  for (const auto& [name, value] : details.trailers) trailers.push_back({{"name", name}, {"value", value}});
  out["trailers"] = trailers;
  out["steps"] = list(details.steps);
  out["changed"] = details.changed;
  out["decisions"] = list(details.decisions);
  if (details.waited.count() > 0) out["waited_ms"] = details.waited.count();
  put(out, "adopts", details.adopts);
  put(out, "tag", details.tag);
  put(out, "undo", details.undo);
  return out;
}

json to_json(const Gate& gate) {
  json out = {{"name", gate.name}, {"verdict", verdict_name(gate.verdict)}};
  put(out, "text", gate.text);
  return out;
}

json to_json(const WhyAnswer& answer) {
  json out = {{"gates", list(answer.gates)}, {"summary", answer.summary}};
  put(out, "target", answer.target);
  put(out, "source_commit", answer.source_commit);
  put(out, "subject", answer.subject);
  return out;
}

json to_json(const TargetDetails& details) {
  json out = to_json(details.row);
  out["gates"] = list(details.gates);
  out["releases"] = list(details.releases);
  out["notes"] = details.notes;
  return out;
}

json to_json(const WhereAnswer& answer) {
  json out = {{"targets", list(answer.rows)}};
  put(out, "source_commit", answer.source_commit);
  put(out, "project", answer.project);
  put(out, "subject", answer.subject);
  put(out, "author", answer.author);
  put(out, "ref", answer.ref);
  return out;
}

json to_json(const ConfigAnswer& answer) {
  json out = {{"target", answer.target}, {"values", list(answer.values)}};
  put(out, "source_commit", answer.source_commit);
  put(out, "config_commit", answer.config_commit);
  return out;
}

json to_json(const DiffAnswer& answer) {
  json out = {{"target", answer.target},
              {"from", answer.from},
              {"to", answer.to},
              {"changed", answer.changed},
              {"text", answer.text}};
  out["resources"] = json::array();
  for (const DiffAnswer::Resource& one : answer.resources)
    out["resources"].push_back(
        {{"resource", one.name}, {"change", one.change}, {"file", one.file}, {"text", one.text}});
  put(out, "error", answer.error);
  if (!answer.steps.empty()) out["steps"] = answer.steps;
  if (!answer.refused.empty()) out["refused"] = answer.refused;
  return out;
}

json to_json(const ProjectRow& row) {
  json out = {{"name", row.name}, {"hosted", row.hosted}, {"state", row.state}, {"apps", row.apps}};
  put(out, "source", row.source);
  put(out, "why", row.why);
  return out;
}

json to_json(const ProposalRow& row) {
  json out = {{"target", row.target}, {"id", row.id}, {"needed", row.needed}};
  put(out, "source_commit", row.source_commit);
  put(out, "subject", row.subject);
  put(out, "author", row.author);
  put(out, "who", row.who);
  put(out, "because", row.because);
  put(out, "ticket", row.ticket);
  put(out, "trigger", row.trigger);
  put(out, "origin", row.origin);
  put(out, "artifact", row.artifact);
  put(out, "input_digest", row.input_digest);
  put(out, "tree", row.tree);
  put_time(out, "at", row.at);
  put(out, "why", row.why);
  out["approvals"] = json::array();
  for (const ProposalRow::Approval& approval : row.approvals) {
    json one = {{"who", approval.who}, {"signed", approval.is_signed}, {"counts", approval.trouble.empty()}};
    put(one, "role", approval.role);
    put(one, "because", approval.because);
    put_time(one, "at", approval.at);
    if (approval.until) put_time(one, "until", *approval.until);
    put(one, "trouble", approval.trouble);
    out["approvals"].push_back(std::move(one));
  }
  put(out, "text", row.text);
  put_time(out, "until", row.until);
  return out;
}

json to_json(const ActionAnswer& answer, bool dry_run) {
  json affected = json::array();
  for (const Affected& one : answer.affected) {
    json row = {{"target", one.target}};
    if (one.release != 0) row["release"] = one.release;
    put(row, "text", one.text);
    affected.push_back(row);
  }
  return {{"summary", answer.summary}, {"affected", affected}, {"dry_run", dry_run}};
}

json to_json(const Check& check) {
  json out = {{"name", check.name}, {"state", check.state}};
  put(out, "text", check.text);
  put(out, "fix", check.fix);
  return out;
}

json to_json(const Progress& line) {
  json out = {{"text", line.text}, {"tone", tone_name(line.tone)}};
  put(out, "target", line.target);
  if (line.release != 0) out["release"] = line.release;
  put(out, "step", line.step);
  return out;
}

json to_json(const Outcome& outcome) {
  json out = {{"target", outcome.target}, {"verdict", verdict_name(outcome.verdict)}};
  if (outcome.release != 0) out["release"] = outcome.release;
  put(out, "text", outcome.text);
  return out;
}

json to_json(const Event& event) {
  json out = event.row ? to_json(*event.row) : to_json(event.progress);
  out["id"] = event.id;
  out["type"] = event.type;
  put_time(out, "at", event.at);
  return out;
}

}  // namespace autonomous::daemon
