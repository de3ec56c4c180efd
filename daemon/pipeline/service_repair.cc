// The repairing part of Service: what the ledger holds is put back where it is missing.
#include "daemon/pipeline/service.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

Result<store::Record::TagChoice> choice_of(const TagsRequest& request, const store::State& state) {
  store::Record::TagChoice choice;
  choice.all = request.all;
  if (request.only.empty()) return choice;
  if (auto release = model::ReleaseId::parse(request.only)) {
    if (!state.find(*release)) return fail(Code::kNotFound, "the ledger has no release ", request.only);
    choice.target = release->target;
    choice.number = release->number;
    return choice;
  }
  TRY(model::Target target, model::Target::parse(request.only));
  if (!state.find(target)) return fail(Code::kNotFound, "the ledger has no target ", request.only);
  choice.target = std::move(target);
  return choice;
}

std::string counted(size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

void add_tags(ActionAnswer& answer, const std::vector<std::string>& tags, const std::string& text) {
  for (const std::string& tag : tags) {
    std::string name = tag.substr(std::string_view("release/").size());
    auto id = model::ReleaseId::parse(name);
    answer.affected.push_back({id ? id->target.str() : name, id ? id->number : 0, text});
  }
}

}  // namespace

Result<ActionAnswer> Service::restore_tags(const Ctx& ctx, const Ask& ask, const TagsRequest& request) {
  TRY(store::Record::TagChoice choice, choice_of(request, *pipeline_.board().state()));
  if (!ask.dry_run) TRY_DO(allowed(ask, "admin", "", ""));
  choice.dry_run = ask.dry_run;
  // Shared, because the work goes on when the asker's time is up.
  auto found = std::make_shared<store::Record::TagRepair>();
  TRY_DO(pipeline_.writer().on_record(ctx, [choice, found](const Ctx& within, store::Record& record) -> Result<void> {
    TRY(*found, record.repair_tags(within, choice));
    return ok();
  }));
  const store::Record::TagRepair& repair = *found;
  ActionAnswer answer;
  add_tags(answer, repair.restored, ask.dry_run ? "its tag is missing" : "its tag was missing, and is back");
  add_tags(answer, repair.moved_back,
           ask.dry_run ? "its tag points elsewhere" : "its tag pointed elsewhere, and is back");
  add_tags(answer, repair.refused, "its tag is wrong, and the repository refuses the right one");
  add_tags(answer, repair.unknown, "this tag is no release of the ledger: delete it, or find out who made it");
  size_t wrong = repair.restored.size() + repair.moved_back.size() + repair.refused.size();
  answer.summary =
      wrong == 0
          ? "all is well: " + counted(repair.looked_at, "release has its tag", "releases have their tags")
          : counted(wrong, "tag was", "tags were") + " not as the ledger says; " +
                (ask.dry_run ? "nothing was changed" : counted(wrong - repair.refused.size(), "is", "are") + " back");
  if (!ask.dry_run && wrong != 0)
    log(Level::kWarning, "release tags were put back", {{"tags", answer.summary}, {"by", ask.who.name}});
  return answer;
}

Result<ActionAnswer> Service::accept_rewrite(const Ctx& ctx, const Ask& ask) {
  if (trim(ask.because).empty())
    return fail(Code::kInvalid, "say why the rewrite is right: it goes into the ledger").hint("--because '…'");
  TRY_DO(allowed(ask, "admin", "", ""));
  std::string trouble = pipeline_.writer().trouble();
  ActionAnswer answer{"the branches as they are now are the record; what they gave up is named in the ledger", {}};
  if (ask.dry_run) {
    answer.summary = trouble.empty() ? "nothing waits for it" : trouble;
    return answer;
  }
  model::Who by = model::Who::clean(ask.who.name, ask.who.email, ask.who.how);
  TRY_DO(pipeline_.writer().on_record(ctx, [by, because = ask.because](const Ctx& within, store::Record& record) {
    return record.accept_rewrite(within, by, because);
  }));
  log(Level::kWarning, "a rewrite was accepted", {{"by", ask.who.name}, {"because", ask.because}});
  return answer;
}

}  // namespace autonomous::daemon
