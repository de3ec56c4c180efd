#include "gitops/git/pushed.h"

#include <set>

#include "gitops/base/file.h"

namespace autonomous::git {

Result<void> sync_pushed(const std::string& folder, const std::vector<std::string>& refs) {
  std::set<std::string> folders = {folder + "/objects/pack", folder + "/objects", folder};
  for (const std::string& ref : refs) {
    for (size_t slash = ref.find('/'); slash != std::string::npos; slash = ref.find('/', slash + 1))
      folders.insert(folder + "/" + ref.substr(0, slash));
  }
  for (const std::string& each : folders) {
    // A ref that was deleted leaves no folder behind.
    if (auto synced = sync_folder(each); !synced && synced.error().code() != Code::kNotFound) return synced;
  }
  return ok();
}

}  // namespace autonomous::git
