// Who somebody is to the platform, and what they may do there.
#include <algorithm>

#include "daemon/pipeline/service.h"
#include "gitops/base/text.h"
#include "gitops/model/policy.h"

namespace autonomous::daemon {

model::Identity Service::identity(const Caller& caller) const {
  model::Identity out{model::Who::clean(caller.name, caller.email, caller.how), caller.user, caller.token,
                      caller.groups};
  PlatformPtr view = pipeline_.board().view();
  if (!view) return out;
  auto person = view->platform->people.find(caller.token.empty() ? caller.user : caller.token);
  if (person == view->platform->people.end()) return out;
  const model::Person& known = person->second;
  out.who = model::Who::clean(known.full_name.empty() ? out.who.name : known.full_name,
                              known.email.empty() ? out.who.email : known.email, caller.how);
  return out;
}

Result<void> Service::allowed(const Ask& ask, std::string_view action, const std::string& environment,
                              const std::string& project) const {
  PlatformPtr view = pipeline_.board().view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  model::Identity who = identity(ask.who);
  if (model::may(*view->platform, action, environment, project, who)) return ok();
  std::vector<std::string> roles;
  for (const auto& [name, role] : view->platform->roles) {
    bool allows = std::find(role.can.begin(), role.can.end(), action) != role.can.end();
    if (allows) roles.push_back(name);
  }
  return fail(Code::kDenied, who.who.name, " (", who.who.how, ") may not ", action,
              environment.empty() ? "" : " in " + environment)
      .hint(roles.empty() ? "no role of platform.yaml allows it to anybody"
                          : "platform.yaml allows it to: " + join(roles, ", "));
}

}  // namespace autonomous::daemon
