#include "daemon/pipeline/fetched_chart.h"

#include "gitops/base/digest.h"
#include "gitops/store/ledger.h"
#include "render/helm/chart.h"

namespace autonomous::daemon {

Result<PackedChart> fetched_chart(const Ctx& ctx, const FetchChart& fetch, const model::ChartName& chart) {
  if (fetch == nullptr) {
    return fail(Code::kDenied, "the chart ", chart.place, " is not in the project, and nothing is fetched here")
        .hint("`autonomous render` with the same chart and --version renders it");
  }
  TRY(std::string bytes, fetch(ctx, chart));
  if (bytes.size() > store::kMaxInput) {
    return fail(Code::kLimit, "the chart has ", bytes.size(), " bytes packed; the ledger keeps at most ",
                store::kMaxInput, " of an input");
  }
  return unpack_chart(std::move(bytes));
}

Result<PackedChart> unpack_chart(std::string bytes) {
  PackedChart out;
  out.bytes = std::move(bytes);
  out.digest = "sha256:" + sha256_hex(out.bytes);
  TRY(auto files, helm::unpack_archive(out.bytes));
  for (helm::ChartFile& file : files) {
    if (file.refused) return fail(Code::kDenied, "the chart's ", file.name, " cannot be read: ", file.data);
    out.files[file.name] = std::move(file.data);
  }
  return out;
}

Result<std::string> kept_chart(store::Reader& reader, const store::ReleaseInputs& inputs) {
  if (!inputs.chart) return fail(Code::kCorrupt, "release.yaml names no chart");
  TRY_WITH(store::KeptInput kept, "while reading the chart of that time", reader.input(inputs.chart->digest));
  if ("sha256:" + sha256_hex(kept.file) == inputs.chart->digest) return std::move(kept.file);
  return fail(Code::kCorrupt, "the chart that the ledger keeps is not ", inputs.chart->digest);
}

}  // namespace autonomous::daemon
