#include "gitops/model/secret_place.h"

#include "gitops/base/text.h"

namespace autonomous::model {

SecretPlace parse_secret_place(const std::string& written, const std::string& name) {
  SecretPlace out;
  size_t hash = written.find('#');
  std::string place = written.substr(0, hash);
  out.key = hash == std::string::npos ? name : written.substr(hash + 1);
  if (size_t at = out.key.find('@'); at != std::string::npos) {
    out.version = out.key.substr(at + 1);
    out.key.resize(at);
  }
  size_t slash = place.find('/');
  out.mount = place.substr(0, slash);
  out.path = slash == std::string::npos ? "" : place.substr(slash + 1);
  out.dynamic = starts_with(out.path, "creds/") || starts_with(out.path, "static-creds/");
  return out;
}

}  // namespace autonomous::model
