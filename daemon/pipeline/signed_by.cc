#include "daemon/pipeline/signed_by.h"

#include "gitops/git/signer.h"

namespace autonomous::daemon {

Result<model::Identity> signed_by(const model::Platform& platform, const std::string& text,
                                  const std::string& signature) {
  TRY(git::AllowedSigners signers,
      git::AllowedSigners::parse(model::approvers_file(platform), "platform.yaml (people)"));
  git::Verdict verdict = signers.verify(text, signature, model::kApprovalNamespace);
  if (!verdict.good) {
    return fail(Code::kDenied, "the signature does not count: ", verdict.reason)
        .hint(
            "the key must stand under `people:` in platform.yaml, and the signed text must be the one of `autonomous approve --text`");
  }
  model::Identity out{{verdict.principal, verdict.principal, "signed " + verdict.fingerprint}, "", "", {}};
  for (const auto& [name, person] : platform.people) {
    if (verdict.principal != (person.email.empty() ? name : person.email)) continue;
    out.who = model::Who::clean(person.full_name.empty() ? name : person.full_name, person.email, out.who.how);
    out.user = name;
  }
  return out;
}

}  // namespace autonomous::daemon
