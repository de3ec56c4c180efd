// Webhooks: what a git host (GitHub, GitLab, Gitea, Forgejo, Gogs, Bitbucket) sends when something moved in a
// repository. Pure.
//
// One is a hint: the repositories that it names are looked at now and not at the next poll, and nothing else that it
// says is believed. So one that is lost, doubled, late, reordered or sent again by somebody who listened changes only
// the moment of a look.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

struct Token;

// The name of the secret that a request was signed with, over its body as it came:
//   X-Hub-Signature-256, X-Hub-Signature (sha256=…), X-Gitea-Signature, X-Forgejo-Signature, X-Gogs-Signature
//                        hexadecimal HMAC-SHA256
//   webhook-signature    Standard Webhooks (GitLab's signing token): `v1,` and base64, over id, timestamp and body
//   X-Gitlab-Token       the secret itself
// kDenied: no secret is known; it is not signed; with none of them; of a time further from `now` than 5 minutes.
Result<std::string> webhook_signer(const HttpRequest& request, const std::vector<Token>& secrets, Time now);

// Where the repositories are that a body names (git::place_of), each once. None: it is about something else. kInvalid:
// no JSON object.
Result<std::vector<std::string>> webhook_places(std::string_view body);

}  // namespace autonomous::daemon
