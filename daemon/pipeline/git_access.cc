#include "daemon/pipeline/git_access.h"

namespace autonomous::daemon {

git::HttpSend http_for_git(http::Client& client) {
  return [&client](const Ctx& ctx, const git::HttpRequest& request) -> Result<git::HttpResponse> {
    http::Request out;
    out.method = request.method;
    out.url = request.url;
    out.headers = request.headers;
    out.body = request.body;
    out.max_body = request.max_body;
    out.via.ca_file = request.ca_file;
    out.via.insecure = request.insecure;
    TRY(http::Response response, client.send(ctx, out));
    return git::HttpResponse{response.status, std::move(response.headers), std::move(response.body)};
  };
}

}  // namespace autonomous::daemon
