// The evidence pack: a page for people, one JSON for programs, a table for spreadsheets.
#include "gitops/store/evidence.h"

#include <nlohmann/json.hpp>

#include "gitops/base/text.h"
#include "gitops/store/audit.h"

namespace autonomous::store {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string time_text(const std::optional<Time>& time) { return time ? format_time(*time) : ""; }

std::string table(const std::vector<std::string>& heads, const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return "<p>None.</p>\n";
  std::string out = "<table>\n<tr>";
  for (const std::string& head : heads) out += "<th>" + escaped(head) + "</th>";
  out += "</tr>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += "<td>" + escaped(cell) + "</td>";
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

using TableRows = std::vector<std::vector<std::string>>;

std::string section(std::string_view question, const std::string& answer) {
  return "<h2>" + escaped(question) + "</h2>\n" + answer;
}

std::string name_of(const ReleaseEvidence& release) { return release.target + "/" + std::to_string(release.number); }

template <typename Pick>
TableRows pick(const Evidence& evidence, Pick pick_row) {
  TableRows rows;
  for (const ReleaseEvidence& release : evidence.releases) {
    std::vector<std::string> row = pick_row(release);
    if (!row.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

TableRows decision_rows(const std::vector<DecisionEvidence>& decisions, bool emergencies) {
  TableRows rows;
  for (const DecisionEvidence& one : decisions) {
    if (emergencies && one.type != "break-glass") continue;
    rows.push_back(
        {format_time(one.at), one.type, one.subject, one.who, one.because, one.ticket, time_text(one.until)});
  }
  return rows;
}

TableRows attempt_rows(const std::vector<AttemptEvidence>& attempts) {
  TableRows rows;
  for (const AttemptEvidence& one : attempts)
    rows.push_back(
        {format_time(one.at), one.target, one.trigger, one.who, one.source, one.subject, one.step, one.reason});
  return rows;
}

std::string config_text(const ReleaseEvidence& release) {
  if (release.config_commit.empty()) return "not known: release.yaml names none";
  return (release.restores.empty() ? "" : "that of " + release.restores + " again: ") + "commit of main " +
         release.config_commit + ", platform.yaml " + release.config_platform + ", " +
         (release.config_overlay.empty() ? "no overlay" : "overlay " + release.config_overlay);
}

std::string questions(const AuditReport& report) {
  const Evidence& e = report.evidence;
  const std::vector<std::string> decided = {"When", "What", "Of", "Who", "Because", "Ticket", "Until"};
  std::string out;
  out += section("1. What ran when?",
                 table({"Release", "From", "Until", "Outcome"}, pick(e, [](const ReleaseEvidence& r) {
                         return std::vector<std::string>{name_of(r), format_time(r.at),
                                                         r.until ? format_time(*r.until) : "it runs", r.outcome};
                       })));
  out += section(
      "2. Who released it, on whose approval, and were they independent?",
      table({"Release", "Asked for by", "Author", "Approved by", "Needed", "Independent"},
            pick(e, [](const ReleaseEvidence& r) {
              return std::vector<std::string>{
                  name_of(r),   r.requested_by, r.author, join(r.approved_by, "; "), std::to_string(r.approvals_needed),
                  r.independent};
            })));
  out += section("3. Which source and configuration?",
                 table({"Release", "Source", "Subject", "Images", "Chart", "Policy", "Configuration", "Input digest"},
                       pick(e, [](const ReleaseEvidence& r) {
                         return std::vector<std::string>{name_of(r), r.source, r.subject,      join(r.images, "; "),
                                                         r.chart,    r.policy, config_text(r), r.input_digest};
                       })));
  out += section(
      "4. The history of rollbacks",
      table({"Release", "At", "Goes back to", "Because", "Who"}, pick(e, [](const ReleaseEvidence& r) {
              if (r.restores.empty()) return std::vector<std::string>{};
              return std::vector<std::string>{name_of(r), format_time(r.at), r.restores, r.because, r.requested_by};
            })));
  TableRows findings;
  for (const Finding& f : report.findings) {
    if (f.severity != Severity::kNote)
      findings.push_back({f.severity == Severity::kError ? "error" : "warning", f.rule, f.message,
                          f.target + (f.release ? "/" + std::to_string(f.release) : ""), f.commit, f.file, f.remedy});
  }
  out += section("5. Are there gaps, or was history rewritten?",
                 "<p>" + std::string(report.ok() ? "The history is whole." : "The history is NOT whole.") + "</p>\n" +
                     table({"", "Rule", "Finding", "Release", "Commit", "File", "Remedy"}, findings));
  out += section("6. The ticket of each change, and all emergencies",
                 table({"Release", "Ticket", "Because", "Emergency"},
                       pick(e,
                            [](const ReleaseEvidence& r) {
                              return std::vector<std::string>{name_of(r), r.ticket, r.because, r.emergency};
                            })) +
                     "<h3>Broken glass</h3>\n" + table(decided, decision_rows(e.decisions, true)));
  out += section(
      "7. Which build, tests and scan did it pass?",
      table({"Release", "Build"}, pick(e,
                                       [](const ReleaseEvidence& r) {
                                         return std::vector<std::string>{name_of(r), r.build};
                                       })) +
          "<h3>Attempts that made no release</h3>\n" +
          table({"When", "Of", "Trigger", "Who", "Source", "Subject", "Failed at", "Because"}, attempt_rows(e.failed)));
  out += section("8. Which version of which secret?",
                 table({"Release", "Secrets"}, pick(e, [](const ReleaseEvidence& r) {
                         if (r.secrets.empty()) return std::vector<std::string>{};
                         return std::vector<std::string>{name_of(r), join(r.secrets, "; ")};
                       })));
  TableRows policies;
  for (const PolicyEvidence& p : e.policies)
    policies.push_back(
        {format_time(p.at), p.commit, p.author, p.subject, join(p.files, "; "), p.is_signed ? "signed" : "not signed"});
  out += section("9. Who changed policy, configuration and keys?",
                 table({"When", "Commit of main", "Who", "What", "Files", ""}, policies) + "<h3>Keys</h3>\n" +
                     table(decided, decision_rows(e.keys, false)) + "<h3>Decisions</h3>\n" +
                     table(decided, decision_rows(e.decisions, false)));
  TableRows foreign;
  for (const PastPlatform& change : report.foreign)
    foreign.push_back({format_time(change.at), change.target, change.what, change.commit});
  return out + section("10. What was changed past the platform?", table({"When", "Of", "What", "Commit"}, foreign));
}

std::string list(const std::vector<std::string>& lines) {
  std::string out = "<ul>\n";
  for (const std::string& line : lines) out += "<li>" + escaped(line) + "</li>\n";
  return out + "</ul>\n";
}

std::string cell(std::string_view text) {
  std::string value(text);
  // A spreadsheet would take these for a formula.
  if (!value.empty() && std::string_view("=+-@\t\r").find(value[0]) != std::string_view::npos) value.insert(0, "'");
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string out = "\"";
  for (char c : value) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

OrderedJson json_of(const DecisionEvidence& one) {
  OrderedJson out = {{"at", format_time(one.at)}, {"type", one.type}, {"subject", one.subject}, {"who", one.who}};
  if (!one.because.empty()) out["because"] = one.because;
  if (!one.ticket.empty()) out["ticket"] = one.ticket;
  if (one.until) out["until"] = format_time(*one.until);
  return out;
}

}  // namespace

std::string evidence_html(const AuditReport& report) {
  const Evidence& evidence = report.evidence;
  std::string span = (evidence.from ? format_time(*evidence.from) : std::string("the beginning")) + " to " +
                     (evidence.to ? format_time(*evidence.to) : std::string("now"));
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Evidence of releases</title>\n<style>\n"
      "body { font: 14px/1.4 sans-serif; margin: 2em; }\ntable { border-collapse: collapse; }\n"
      "th, td { border: 1px solid #999; padding: .2em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }\n"
      "</style></head><body>\n<h1>Evidence of releases</h1>\n";
  out += "<p>From " + escaped(span) + ". deploy " + report.deploy + ", ledger " + report.ledger + ", main " +
         report.main + ".</p>\n<p>Trust: " + escaped(report.trust) + ".</p>\n";
  out += questions(report);
  out += "<h2>Proved</h2>\n" + list(report.proved) + "<h2>Not provable from here</h2>\n" + list(report.unproved);
  return out + "</body></html>\n";
}

std::string evidence_json(const AuditReport& report) {
  OrderedJson json = OrderedJson::parse(audit_json(report));
  const Evidence& evidence = report.evidence;
  if (evidence.from) json["from"] = format_time(*evidence.from);
  if (evidence.to) json["to"] = format_time(*evidence.to);
  json["evidence"] = OrderedJson::array();
  for (const ReleaseEvidence& r : evidence.releases) {
    OrderedJson one = {{"release", name_of(r)}, {"at", format_time(r.at)}};
    if (r.until) one["until"] = format_time(*r.until);
    for (const auto& [key, value] : {std::pair("outcome", r.outcome),
                                     {"reason", r.reason},
                                     {"trigger", r.trigger},
                                     {"because", r.because},
                                     {"ticket", r.ticket},
                                     {"requested_by", r.requested_by},
                                     {"independent", r.independent},
                                     {"author", r.author},
                                     {"subject", r.subject},
                                     {"source", r.source},
                                     {"build", r.build},
                                     {"chart", r.chart},
                                     {"input_digest", r.input_digest},
                                     {"target_tree", r.target_tree},
                                     {"policy", r.policy},
                                     {"config_commit", r.config_commit},
                                     {"config_platform", r.config_platform},
                                     {"config_overlay", r.config_overlay},
                                     {"commit", r.commit},
                                     {"restores", r.restores},
                                     {"promoted_from", r.promoted_from},
                                     {"adopts", r.adopts},
                                     {"emergency", r.emergency}}) {
      if (!value.empty()) one[key] = value;
    }
    one["approved_by"] = r.approved_by;
    one["approvals_needed"] = r.approvals_needed;
    one["images"] = r.images;
    one["secrets"] = r.secrets;
    json["evidence"].push_back(std::move(one));
  }
  json["decisions"] = OrderedJson::array();
  for (const DecisionEvidence& one : evidence.decisions) json["decisions"].push_back(json_of(one));
  json["keys"] = OrderedJson::array();
  for (const DecisionEvidence& one : evidence.keys) json["keys"].push_back(json_of(one));
  json["policies"] = OrderedJson::array();
  for (const PolicyEvidence& one : evidence.policies) {
    json["policies"].push_back({{"at", format_time(one.at)},
                                {"commit", one.commit},
                                {"author", one.author},
                                {"subject", one.subject},
                                {"files", one.files},
                                {"signed", one.is_signed}});
  }
  json["failed"] = OrderedJson::array();
  for (const AttemptEvidence& one : evidence.failed) {
    OrderedJson item = {
        {"at", format_time(one.at)}, {"target", one.target}, {"step", one.step}, {"reason", one.reason}};
    for (const auto& [key, value] :
         {std::pair("trigger", one.trigger), {"who", one.who}, {"source", one.source}, {"subject", one.subject}}) {
      if (!value.empty()) item[key] = value;
    }
    json["failed"].push_back(std::move(item));
  }
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string evidence_csv(const AuditReport& report) {
  std::string out =
      "release,at,until,outcome,reason,trigger,because,ticket,requested_by,approved_by,approvals_needed,independent,"
      "author,subject,source,build,images,secrets,chart,input_digest,target_tree,policy,commit,restores,promoted_from,"
      "adopts,emergency,config_commit,config_platform,config_overlay\r\n";
  for (const ReleaseEvidence& r : report.evidence.releases) {
    const std::vector<std::string> cells = {name_of(r),
                                            format_time(r.at),
                                            time_text(r.until),
                                            r.outcome,
                                            r.reason,
                                            r.trigger,
                                            r.because,
                                            r.ticket,
                                            r.requested_by,
                                            join(r.approved_by, "; "),
                                            std::to_string(r.approvals_needed),
                                            r.independent,
                                            r.author,
                                            r.subject,
                                            r.source,
                                            r.build,
                                            join(r.images, "; "),
                                            join(r.secrets, "; "),
                                            r.chart,
                                            r.input_digest,
                                            r.target_tree,
                                            r.policy,
                                            r.commit,
                                            r.restores,
                                            r.promoted_from,
                                            r.adopts,
                                            r.emergency,
                                            r.config_commit,
                                            r.config_platform,
                                            r.config_overlay};
    for (size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + cell(cells[i]);
    out += "\r\n";
  }
  return out;
}

}  // namespace autonomous::store
