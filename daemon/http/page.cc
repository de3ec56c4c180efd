#include "daemon/http/page.h"

#include "gitops/base/digest.h"

namespace autonomous::daemon {

HttpResponse page(const HttpRequest& request) {
  for (size_t i = 0; i < kPageFileCount; ++i) {
    const PageFile& file = kPageFiles[i];
    if (file.path != request.path) continue;
    if (request.method != "GET" && request.method != "HEAD") return problem(request, 405, "");
    HttpResponse response;
    response.type = std::string(file.type);
    std::string tag = "\"" + sha256_hex(file.content).substr(0, 16) + "\"";
    response.headers = {
        {"ETag", tag},
        {"Cache-Control", "no-cache"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    };
    if (request.header("if-none-match") == tag) {
      response.status = 304;
    } else {
      response.body = std::string(file.content);
    }
    return response;
  }
  return problem(request, 404, "no such page");
}

}  // namespace autonomous::daemon
