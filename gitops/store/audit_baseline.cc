// Was anything cut or rewritten? What a signed summary of before, or somebody else's clone, knows must still be here.
#include <nlohmann/json.hpp>

#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/refs.h"

namespace autonomous::store {

namespace {

using OrderedJson = nlohmann::ordered_json;
constexpr std::string_view kSignatureBegin = "-----BEGIN SSH SIGNATURE-----";

Error no_baseline() {
  return fail(Code::kInvalid, "this is no baseline of an audit")
      .hint("`autonomous audit --write-baseline FILE` makes one");
}

}  // namespace

Result<std::string> format_baseline(const AuditReport& report, Time made,
                                    const std::function<Result<std::string>(std::string_view)>& sign) {
  OrderedJson json = {
      {"version", 1},        {"made", format_time(made)},   {"deploy", report.deploy},   {"ledger", report.ledger},
      {"main", report.main}, {"releases", report.releases}, {"targets", report.targets}, {"trust", report.trust}};
  std::string text = json.dump() + "\n";
  if (!sign) return text;
  TRY(std::string signature, sign(text));
  return text + signature;
}

Result<Baseline> parse_baseline(std::string_view text, std::string& payload) {
  size_t end = text.find(kSignatureBegin);
  payload = std::string(text.substr(0, end));
  OrderedJson json = OrderedJson::parse(payload, nullptr, false);
  if (!json.is_object() || json.value("version", 0) != 1) return no_baseline();
  Baseline out;
  for (auto [key, member] : {std::pair("deploy", &Baseline::deploy), std::pair("ledger", &Baseline::ledger),
                             std::pair("main", &Baseline::main), std::pair("trust", &Baseline::trust)}) {
    auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return no_baseline();
    out.*member = found->get<std::string>();
  }
  auto made = json.find("made");
  if (made == json.end() || !made->is_string()) return no_baseline();
  TRY(out.made, parse_time(made->get<std::string>()));
  for (auto [key, member] : {std::pair("releases", &Baseline::releases), std::pair("targets", &Baseline::targets)}) {
    auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) return no_baseline();
    out.*member = found->get<uint64_t>();
  }
  if (end != std::string_view::npos) out.signature = std::string(text.substr(end));
  return out;
}

void Auditor::check_point(std::string_view what, const std::string& branch, const std::string& hex,
                          const git::Oid& tip) {
  auto known = git::Oid::parse(hex);
  if (known && ancestor(*known, tip)) return;
  find("history-cut", Severity::kError,
       branch + " was at " + hex.substr(0, 12) + " according to " + std::string(what) +
           ", which is not part of it any more: it was cut or rewritten",
       known.value_or(git::Oid()));
}

Result<void> Auditor::check_baseline() {
  std::string payload;
  TRY_WITH(Baseline baseline, "while reading --baseline", parse_baseline(*options_.baseline, payload));
  if (baseline.signature.empty()) {
    find("baseline-signature", Severity::kWarning, "the baseline is not signed: it proves no more than where it lies");
  } else if (outside_keys_ > 0) {
    git::Verdict verdict = outside_.verify(payload, baseline.signature, kBaselineNamespace);
    if (!verdict.good) find("baseline-signature", Severity::kError, verdict.reason);
  } else {
    git::Verdict verdict = outside_.verify(payload, baseline.signature, kBaselineNamespace);
    find("baseline-signature", verdict.intact ? Severity::kWarning : Severity::kError,
         verdict.intact ? "signed by " + verdict.fingerprint + ", which no --allowed-signers names" : verdict.reason);
  }
  std::string what = "the baseline of " + format_time(baseline.made);
  check_point(what, options_.branch, baseline.deploy, tips_.deploy);
  check_point(what, ledger_branch(options_.branch), baseline.ledger, tips_.ledger);
  check_point(what, std::string(kMain), baseline.main, tips_.main);
  if (baseline.releases > report_.releases)
    find("history-cut", Severity::kError,
         what + " counted " + std::to_string(baseline.releases) + " releases, here are " +
             std::to_string(report_.releases));
  return ok();
}

Result<void> Auditor::check_witness() {
  TRY_WITH(git::Repository witness, "while opening the witness", git::Repository::open(*options_.witness));
  TRY_WITH(Tips theirs, "while reading the witness", tips_of_clone(witness, options_.branch));
  check_point("the witness", options_.branch, theirs.deploy.hex(), tips_.deploy);
  check_point("the witness", ledger_branch(options_.branch), theirs.ledger.hex(), tips_.ledger);
  check_point("the witness", std::string(kMain), theirs.main.hex(), tips_.main);
  return ok();
}

}  // namespace autonomous::store
