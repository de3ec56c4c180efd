// The front: what people start. It renders by itself, because that has to start fast, and becomes the core for every
// other verb. It links nothing that takes long to load (engine.md, Cold start).
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "render/helm/command.h"

namespace {

// Where this program lies; "" when the kernel does not say.
std::string own_folder() {
  char path[PATH_MAX];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0 || static_cast<size_t>(size) == sizeof path) return "";
  std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

// The installed core, or the one of a build tree.
int become_core(char** argv) {
  std::string folder = own_folder();
  for (const std::string& core : {folder + "/../libexec/autonomous/core", folder + "/autonomous-core"}) {
    ::execv(core.c_str(), argv);
    if (errno != ENOENT && errno != ENOTDIR) {
      std::fprintf(stderr, "autonomous: cannot start %s: %s\n", core.c_str(), std::strerror(errno));
      return 126;
    }
  }
  std::fprintf(
      stderr,
      "autonomous: the core is missing: neither ../libexec/autonomous/core nor autonomous-core lies beside %s\n",
      folder.c_str());
  return 127;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::strcmp(argv[1], "render") != 0) return become_core(argv);
  return autonomous::helm::render_command(std::vector<std::string>(argv + 2, argv + argc));
}
