#include "gitops/git/ls_refs.h"

#include <algorithm>

#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/pktline.h"
#include "gitops/git/refs.h"

namespace autonomous::git {

namespace {

Error garbage() { return fail(Code::kCorrupt, "the server's answer is not git's"); }

// Names that git itself would refuse never get in.
bool plausible_name(std::string_view name) { return name == "HEAD" || is_ref_name(name); }

Result<void> check_format(std::string_view value) {
  if (value == "sha1") return ok();
  return fail(Code::kInvalid, "a repository with ", one_line(value, 20),
              " object names; only SHA-1 repositories are supported");
}

Result<void> check_error(std::string_view line) {
  if (!starts_with(line, "ERR ")) return ok();
  std::string words = masked(one_line(line.substr(4)));
  bool missing = to_lower(words).find("not found") != std::string::npos;
  return fail(missing ? Code::kNotFound : Code::kDenied, "the server says: ", words);
}

// v0: "<oid> <name>", after the first a NUL and capabilities; "<name>^{}" is the one before, peeled.
Result<void> add_v0_line(std::string_view line, std::vector<RemoteRef>& refs, std::string& head_symref) {
  std::string_view text = line.substr(0, line.find('\0'));
  if (text.size() != line.size()) {
    for (std::string_view capability : split(line.substr(text.size() + 1), ' ')) {
      if (starts_with(capability, "object-format=")) TRY_DO(check_format(capability.substr(14)));
      if (starts_with(capability, "symref=HEAD:")) head_symref = std::string(capability.substr(12));
    }
  }
  if (starts_with(text, "shallow ")) return ok();
  Result<Oid> oid = Oid::parse(text.substr(0, Oid::kHex));
  if (!oid || text.size() < Oid::kHex + 2 || text[Oid::kHex] != ' ') return garbage();
  std::string_view name = text.substr(Oid::kHex + 1);
  if (name == "capabilities^{}") return ok();
  if (ends_with(name, "^{}")) {
    if (!refs.empty() && refs.back().name == name.substr(0, name.size() - 3)) refs.back().peeled = *oid;
    return ok();
  }
  if (refs.size() >= kMostRefs) return fail(Code::kLimit, "more than ", kMostRefs, " refs");
  if (plausible_name(name)) refs.push_back({std::string(name), *oid, {}, {}});
  return ok();
}

}  // namespace

Result<Advertisement> parse_advertisement(PktReader& reader) {
  Advertisement server;
  std::string head_symref;
  bool first = true;
  for (;;) {
    TRY(auto pkt, reader.next());
    if (!pkt) return garbage();
    if (pkt->kind == PktKind::kFlush) {
      if (first) continue;  // after "# service="
      break;
    }
    if (pkt->kind != PktKind::kData) return garbage();
    TRY_DO(check_error(pkt->data));
    if (starts_with(pkt->data, "# service=")) continue;
    if (first && pkt->data == "version 2") {
      server.v2 = true;
    } else if (first && pkt->data == "version 1") {
      continue;
    } else if (!server.v2) {
      TRY_DO(add_v0_line(pkt->data, server.refs, head_symref));
    } else if (starts_with(pkt->data, "object-format=")) {
      TRY_DO(check_format(pkt->data.substr(14)));
      server.object_format = true;
    }
    first = false;
  }
  for (RemoteRef& ref : server.refs) {
    if (ref.name == "HEAD" && is_ref_name(head_symref)) ref.symref = head_symref;
  }
  return server;
}

std::string ls_refs_request(const Advertisement& server, const std::vector<std::string>& prefixes) {
  std::string request = pkt_line("command=ls-refs\n");
  if (server.object_format) request += pkt_line("object-format=sha1");
  request += kPktDelimiter;
  request += pkt_line("peel\n") + pkt_line("symrefs\n");
  for (const std::string& prefix : prefixes) request += pkt_line("ref-prefix " + prefix + "\n");
  request += kPktFlush;
  return request;
}

Result<std::vector<RemoteRef>> parse_ls_refs(PktReader& reader) {
  std::vector<RemoteRef> refs;
  for (;;) {
    TRY(auto pkt, reader.next());
    if (!pkt || (pkt->kind != PktKind::kData && pkt->kind != PktKind::kFlush)) return garbage();
    if (pkt->kind == PktKind::kFlush) return refs;
    TRY_DO(check_error(pkt->data));
    auto words = split(pkt->data, ' ');
    if (words.size() < 2) return garbage();
    if (words[0] == "unborn") continue;
    Result<Oid> oid = Oid::parse(words[0]);
    if (!oid) return garbage();
    RemoteRef ref{std::string(words[1]), *oid, {}, {}};
    for (size_t i = 2; i < words.size(); ++i) {
      if (starts_with(words[i], "peeled:")) {
        Result<Oid> peeled = Oid::parse(words[i].substr(7));
        if (!peeled) return garbage();
        ref.peeled = *peeled;
      }
      if (starts_with(words[i], "symref-target:") && is_ref_name(words[i].substr(14)))
        ref.symref = std::string(words[i].substr(14));
    }
    if (refs.size() >= kMostRefs) return fail(Code::kLimit, "more than ", kMostRefs, " refs");
    if (plausible_name(ref.name)) refs.push_back(std::move(ref));
  }
}

Result<std::vector<RemoteRef>> parse_ls_remote(std::string_view text) {
  std::vector<RemoteRef> refs;
  std::string ignored, head_symref;
  for (std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return garbage();
    if (starts_with(line, "ref: ")) {
      if (line.substr(tab + 1) == "HEAD") head_symref = std::string(line.substr(5, tab - 5));
      continue;
    }
    std::string as_v0(line);
    as_v0[tab] = ' ';
    TRY_DO(add_v0_line(as_v0, refs, ignored));
  }
  for (RemoteRef& ref : refs) {
    if (ref.name == "HEAD" && is_ref_name(head_symref)) ref.symref = head_symref;
  }
  return refs;
}

std::vector<RemoteRef> keep_prefixes(std::vector<RemoteRef> refs, const std::vector<std::string>& prefixes) {
  if (prefixes.empty()) return refs;
  std::erase_if(refs, [&](const RemoteRef& ref) {
    return std::none_of(prefixes.begin(), prefixes.end(),
                        [&](const std::string& prefix) { return starts_with(ref.name, prefix); });
  });
  return refs;
}

}  // namespace autonomous::git
