// The dashboard's files (web/), compiled in.
#pragma once

#include "daemon/http/message.h"

namespace autonomous::daemon {

struct PageFile {
  std::string_view path;  // "/", "/app.js"
  std::string_view type;
  std::string_view content;
};
// Made by embed.cmake.
extern const PageFile kPageFiles[];
extern const size_t kPageFileCount;

// 404 for what is no file of the page; 304 where the client has it.
HttpResponse page(const HttpRequest& request);

}  // namespace autonomous::daemon
