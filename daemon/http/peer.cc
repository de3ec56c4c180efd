#include "daemon/http/peer.h"

#include <arpa/inet.h>
#include <grp.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr uint8_t kEstablished = 1;  // TCP_ESTABLISHED of the kernel's net/tcp_states.h, which user space does not get

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

Question make_question(const Endpoint& client, const Endpoint& server) {
  Question question;
  std::memset(&question, 0, sizeof question);
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.request.sdiag_family = client.v6 ? AF_INET6 : AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0U;
  inet_diag_sockid& id = question.request.id;
  size_t bytes = client.v6 ? 16 : 4;
  std::memcpy(id.idiag_src, client.address, bytes);
  std::memcpy(id.idiag_dst, server.address, bytes);
  id.idiag_sport = htons(client.port);
  id.idiag_dport = htons(server.port);
  id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

// "::ffff:127.0.0.1" is 127.0.0.1 to the client, whose socket is what we look for.
Endpoint unmapped(const Endpoint& endpoint) {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!endpoint.v6 || std::memcmp(endpoint.address, kPrefix, sizeof kPrefix) != 0) return endpoint;
  Endpoint out;
  out.port = endpoint.port;
  std::memcpy(out.address, endpoint.address + 12, 4);
  return out;
}

std::optional<unsigned> read_owner(const char* data, size_t size, const Question& question) {
  if (size < sizeof(nlmsghdr)) return std::nullopt;
  nlmsghdr header;
  std::memcpy(&header, data, sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || size < NLMSG_HDRLEN + sizeof(inet_diag_msg)) return std::nullopt;
  inet_diag_msg message;
  std::memcpy(&message, data + NLMSG_HDRLEN, sizeof message);
  const inet_diag_sockid& asked = question.request.id;
  // Where no connection matches, the kernel answers with a listener of that port; and an orphan has no inode and uid 0.
  bool same = message.id.idiag_sport == asked.idiag_sport && message.id.idiag_dport == asked.idiag_dport;
  if (!same || message.idiag_state != kEstablished || message.idiag_inode == 0) return std::nullopt;
  return message.idiag_uid;
}

std::vector<std::string> groups_of(const std::string& login, gid_t primary) {
  std::vector<gid_t> ids(256);
  int count = static_cast<int>(ids.size());
  if (::getgrouplist(login.c_str(), primary, ids.data(), &count) < 0) {
    ids.resize(static_cast<size_t>(count));
    if (::getgrouplist(login.c_str(), primary, ids.data(), &count) < 0) return {};
  }
  ids.resize(static_cast<size_t>(count));
  std::vector<std::string> names;
  std::vector<char> buffer(65536);
  for (gid_t id : ids) {
    group entry{};
    group* found = nullptr;
    if (::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
      names.emplace_back(entry.gr_name);
  }
  return names;
}

}  // namespace

std::optional<unsigned> socket_owner(const Endpoint& client_in, const Endpoint& server_in) {
  Endpoint client = unmapped(client_in);
  Endpoint server = unmapped(server_in);
  if (client.v6 != server.v6) return std::nullopt;
  Descriptor netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
  if (netlink.fd < 0) return std::nullopt;
  timeval limit{1, 0};  // the kernel answers at once; this only bounds the unthinkable
  ::setsockopt(netlink.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  Question question = make_question(client, server);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(netlink.fd, &question, sizeof question, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0)
    return std::nullopt;
  char answer[8192];
  ssize_t size = ::recv(netlink.fd, answer, sizeof answer, 0);
  return size <= 0 ? std::nullopt : read_owner(answer, static_cast<size_t>(size), question);
}

Caller caller_of_uid(unsigned uid, const std::string& how) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  Caller caller;
  std::string login = "uid-" + std::to_string(uid);
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    login = entry.pw_name;
    std::string gecos = entry.pw_gecos != nullptr ? entry.pw_gecos : "";
    caller.name = one_line(trim(gecos.substr(0, gecos.find(','))), 100);
    caller.user = login;
    caller.groups = groups_of(login, entry.pw_gid);
  }
  if (caller.name.empty()) caller.name = login;
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = 0;
  caller.email = login + "@" + (host[0] != 0 ? host : "localhost");
  caller.how = how + " uid " + std::to_string(uid);
  return caller;
}

}  // namespace autonomous::daemon
