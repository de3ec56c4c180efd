// Secret place: where a secret of an app lives in the store: `mount/path#key@version`. Below a database's mount
// (`creds/…`, `static-creds/…`) it is made anew for each lease. A pure value.
#pragma once

#include <string>

namespace autonomous::model {

struct SecretPlace {
  std::string mount, path;
  std::string key;      // in the secret that lies there
  std::string version;  // "" = the newest
  bool dynamic = false;

  std::string str() const { return path.empty() ? mount : mount + "/" + path; }
  bool operator==(const SecretPlace&) const = default;
};

// `written`: as the spec or the environment's pattern says it; without `#key` the key is called like the secret.
SecretPlace parse_secret_place(const std::string& written, const std::string& name);

}  // namespace autonomous::model
