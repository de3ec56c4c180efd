// Promotions: what runs in one environment goes on to the next, as it is.
#include "daemon/pipeline/service.h"

namespace autonomous::daemon {

Result<WishPtr> Service::promotion(const model::Target& target, const model::ReleaseId& from,
                                   const store::ReleaseRow& row, const Ask& ask) const {
  PlatformPtr view = pipeline_.board().view();
  if (row.source_commit.empty())
    return fail(Code::kConflict, from.str(), " was made of no source commit: there is no artifact to move");
  TRY_WITH(WishPtr planned, "while looking for the source of " + from.str(),
           pipeline_.plan_target(target, row.source_commit, view));
  auto wish = std::make_shared<Wish>(*planned);
  auto source = std::make_shared<SourceCommit>(*planned->source);
  if (!row.source_ref.empty()) source->ref = row.source_ref;
  source->repository.url = row.source_url;  // as it was built, although the source may have moved since
  wish->source = std::move(source);
  wish->trigger = model::Trigger::kPromotion;
  wish->by = who(ask.who);
  wish->because = ask.because;
  wish->ticket = ask.ticket;
  wish->promoted_from = from;
  wish->artifact = row.artifact;
  for (const model::ImageFact& image : row.images) wish->images[image.name] = image.reference;
  return WishPtr(std::move(wish));
}

Result<ActionAnswer> Service::promote(const Ctx& ctx, const Ask& ask, const PromoteRequest& request,
                                      ProgressPtr progress) {
  TRY(model::Target target, model::Target::parse(request.target));
  TRY_DO(allowed(ask, "promote", target.environment, target.project));
  PlatformPtr view = pipeline_.board().view();
  const model::Environment* environment = model::find_environment(*view->platform, target.environment);
  if (environment == nullptr) return fail(Code::kNotFound, "platform.yaml has no environment ", target.environment);
  if (environment->from.kind != model::Feed::Kind::kEnvironment) {
    return fail(Code::kConflict, target.environment,
                " is not promoted to: platform.yaml does not feed it from an environment")
        .hint("environments: {" + target.environment + ": {from: staging}} on main; or `autonomous deploy`");
  }
  model::Target source{environment->from.name, target.project, target.app};
  store::StatePtr state = pipeline_.board().state();
  store::TargetPtr record = state->find(source);
  store::ReleaseRowPtr row = !record ? nullptr : request.from != 0 ? record->find(request.from) : record->live();
  if (!row)
    return fail(
        Code::kNotFound, source.str(),
        request.from != 0 ? " has no release " + std::to_string(request.from) : std::string(" was never released"));
  model::ReleaseId from{source, row->number};
  store::ReleaseRowPtr well = record->last_good(0, request.unverified, state.get());
  std::string good = well ? "; --from " + std::to_string(well->number) + " is the newest that is well" : "";
  if (!row->outcome) return fail(Code::kConflict, from.str(), " is still being verified", good).may_retry();
  bool healthy = row->outcome->verdict == model::Verdict::kHealthy;
  bool unverified = row->outcome->verdict == model::Verdict::kUnverified;
  if (unverified && !request.unverified) {
    return fail(Code::kConflict, "nobody knows whether ", from.str(), " works: ", row->outcome->reason)
        .hint("--unverified promotes it all the same");
  }
  if (!healthy && !unverified)
    return fail(Code::kConflict, from.str(), " is ", model::verdict_name(row->outcome->verdict), ": ",
                row->outcome->reason, good);
  TRY(WishPtr wish, promotion(target, from, *row, ask));
  return want(ctx, std::move(wish), ask, "takes what runs as " + from.str() + (unverified ? ", unverified" : ""),
              std::move(progress));
}

}  // namespace autonomous::daemon
