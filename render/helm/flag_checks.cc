#include "render/helm/flag_checks.h"

#include <algorithm>
#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/work.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

Error asks_cluster() {
  return fail(Code::kInvalid, "--validate and --dry-run=server ask a cluster; `autonomous render` never does");
}

// helm 3's validateDryRunOptionFlag, which comes after the chart was read.
Result<void> check_dry_run3(const RenderFlags& flags) {
  const std::string& value = flags.dry_run;
  if (asks_cluster3(flags) || value.empty() || value == "true" || value == "client") return ok();
  return fail(Code::kInvalid,
              "Invalid dry-run flag. Flag must one of the following: false, true, none, client, server");
}

}  // namespace

Result<void> check_groups(const Flags& parsed) {
  constexpr std::pair<std::string_view, std::string_view> kGroups[] = {
      {"force", "force-conflicts"}, {"force-replace", "force-conflicts"}, {"validate", "dry-run"}};
  for (const auto& [first, second] : kGroups) {
    if (!parsed.given(first) || !parsed.given(second)) continue;
    return fail(Code::kInvalid, "if any flags in the group [", first, " ", second,
                "] are set none of the others can be; [", std::min(first, second), " ", std::max(first, second),
                "] were all set");
  }
  return ok();
}

bool asks_cluster3(const RenderFlags& flags) {
  const std::string& value = flags.dry_run;
  return flags.three() && (value == "server" || value == "none" || value == "false");
}

// cmdGetDryRunFlagStrategy
Result<void> check_dry_run4(const RenderFlags& flags, std::vector<std::string>& warnings) {
  const std::string& value = flags.dry_run;
  auto invalid = [&](std::string_view rest) {
    return fail(Code::kInvalid, "invalid dry-run value (", render::quote_go(value), "). Must be ", rest);
  };
  if (value == "unset") {
    warnings.push_back("level=WARN msg=\"--dry-run is deprecated and should be replaced with '--dry-run=client'\"");
    return ok();
  }
  if (value == "client" || value == "server") return ok();
  if (value == "none") return invalid(R"("server" or "client")");
  auto on = parse_bool(value);
  if (!on) return invalid(R"("none", "server", or "client")");
  if (!*on) return invalid(R"("server" or "client")");
  warnings.push_back("level=WARN msg=\"boolean '--dry-run=" + value +
                     "' flag is deprecated and must be replaced with '--dry-run=client'\"");
  return ok();
}

Result<void> check_after_load(const RenderFlags& flags, const Chart& chart) {
  const std::string& type = chart.metadata.type;
  bool installable = type.empty() || type == "application";
  if (installable && flags.dependency_update && !check_dependencies(chart)) {
    return fail(Code::kInvalid, "--dependency-update would use the network; run `helm dependency update` first");
  }
  if (flags.three()) TRY_DO(check_dry_run3(flags));
  if (flags.validate || (!flags.three() && flags.dry_run == "server")) return asks_cluster();
  return ok();
}

// downloader.VerifyChart, up to where it would read a keyring.
Result<void> refuse_to_verify(const std::string& path, bool is_folder) {
  if (is_folder) return fail(Code::kInvalid, "unpacked charts cannot be verified");
  if (!ends_with(to_lower(path), ".tgz")) return fail(Code::kInvalid, "chart must be a tgz file");
  std::string provenance = path + ".prov";
  if (!exists(provenance)) {
    return fail(Code::kInvalid, "could not load provenance file ", provenance, ": stat ", provenance,
                ": no such file or directory");
  }
  return fail(Code::kInvalid, "--verify is not available here: no keyring is read; run `helm verify` first");
}

}  // namespace autonomous::helm
