// What a git server answers: pkt-lines, its advertisement, its refs; and what `git ls-remote` prints. And what clients
// of the hosting ask for.
#include "gitops/git/ls_refs.h"
#include "gitops/git/pktline.h"
#include "gitops/git/upload_refs.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

void check_refs(const std::vector<git::RemoteRef>& refs) {
  for (const git::RemoteRef& ref : refs) {
    fuzz::require(!ref.name.empty(), "a ref has a name");
    fuzz::require(ref.name.find('\n') == std::string::npos, "a ref's name is one line");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  git::PktReader packets(text);
  std::string again;
  for (auto packet = packets.next(); packet && *packet; packet = packets.next()) {
    if ((*packet)->kind != git::PktKind::kData) continue;
    again = git::pkt_line((*packet)->data);
    git::PktReader one(again);
    auto read = one.next();
    fuzz::require(read && *read && (*read)->kind == git::PktKind::kData, "what was read can be written");
  }
  git::PktReader advertisement(text);
  if (auto server = git::parse_advertisement(advertisement)) {
    check_refs(server->refs);
    (void)git::ls_refs_request(*server, {"refs/heads/", "refs/tags/"});
    if (auto refs = git::parse_ls_refs(advertisement)) check_refs(*refs);
  }
  git::PktReader answer(text);
  if (auto refs = git::parse_ls_refs(answer)) check_refs(*refs);
  if (auto refs = git::parse_ls_remote(text)) check_refs(*refs);
  if (auto asked = git::parse_ls_refs_request(text)) {
    for (const std::string& prefix : asked->prefixes)
      fuzz::require(prefix.find('\0') == std::string::npos && prefix.size() <= size,
                    "a prefix is a part of the request");
  }
  return 0;
}
