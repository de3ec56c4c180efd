#include "render/funcs/families.h"

#include <string_view>

namespace autonomous::render {

void add_functions(Library& library, int helm) {
  for (Family family : {default_functions(), dict_functions(), encoding_functions(), hook_functions(), json_functions(),
                        list_functions(), math_functions(), path_functions(), regex_functions(), string_functions(),
                        type_functions(), version_functions(), word_functions(), yaml_functions()}) {
    library.add(family);
  }
  add_version_methods(library);
  if (helm < 4) {
    for (std::string_view name : {"mustToYaml"}) library.remove(name);
  }
}

}  // namespace autonomous::render
