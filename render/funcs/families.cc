#include "render/funcs/families.h"

#include <string_view>

namespace autonomous::render {

void add_functions(Library& library, int helm) {
  for (Family family :
       {certificate_functions(), date_functions(), decimal_functions(), default_functions(), dict_functions(),
        encoding_functions(),    hook_functions(), json_functions(),    list_functions(),    math_functions(),
        password_functions(),    path_functions(), random_functions(),  regex_functions(),   string_functions(),
        toml_functions(),        type_functions(), url_functions(),     version_functions(), word_functions(),
        yaml_functions()}) {
    library.add(family);
  }
  add_time_methods(library);
  add_version_methods(library);
  if (helm >= 4) library.add(duration_functions());
  if (helm < 4) {
    for (std::string_view name : {"mustToToml", "mustToYaml"}) library.remove(name);
  }
}

}  // namespace autonomous::render
