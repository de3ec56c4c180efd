// What needs no socket: addresses, paths, CGI heads, the ring of events, who connected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "daemon/http/access.h"
#include "daemon/http/cgi.h"
#include "daemon/http/events.h"
#include "daemon/http/hosting.h"
#include "daemon/http/peer.h"
#include "daemon/http/routes.h"
#include "gitops/base/file.h"

namespace autonomous::daemon {
namespace {

TEST(Message, TargetsAreDecodedAndChecked) {
  HttpRequest request;
  ASSERT_TRUE(parse_target("/api/v1/where/ab%20c?x=a+b&y=%26&z", request));
  EXPECT_EQ(request.path, "/api/v1/where/ab c");
  EXPECT_EQ(request.query["x"], "a b");
  EXPECT_EQ(request.query["y"], "&");
  EXPECT_EQ(request.query.count("z"), 1U);
  for (const char* wrong : {"", "x", "http://h/", "/a/../b", "/a/%2e%2e/b", "/%00", "/%f", "/%zz", "/%ff", "/a%0ab"}) {
    HttpRequest other;
    EXPECT_FALSE(parse_target(wrong, other)) << wrong;
  }
}

GitRequest git_request(const std::string& method, const std::string& target) {
  HttpRequest request;
  request.method = method;
  if (!parse_target(target, request)) return {};
  Result<GitRequest> git = parse_git_request(request);
  return git ? *git : GitRequest{git.error().message(), "", false};
}

TEST(Hosting, OnlyTheSmartProtocolHasAddresses) {
  EXPECT_EQ(git_request("GET", "/git/shop.git/info/refs?service=git-upload-pack").service, "git-upload-pack");
  EXPECT_TRUE(git_request("POST", "/git/gitops.git/git-receive-pack").gitops());
  for (const char* wrong :
       {"/git/shop.git/HEAD", "/git/shop.git/info/refs", "/git/shop/info/refs?service=git-upload-pack",
        "/git/shop.git/info/refs?service=git-shell", "/git/.git/info/refs?service=git-upload-pack"}) {
    EXPECT_EQ(git_request("GET", wrong).service, "") << wrong;
  }
  EXPECT_EQ(git_request("POST", "/git/shop.git/../x.git/git-upload-pack").service, "");
}

TEST(Cgi, HeadsArriveInPieces) {
  std::string bytes = "Status: 404 Not Found\r\nContent-Ty";
  CgiHead head;
  EXPECT_FALSE(*take_cgi_head(bytes, head));
  bytes += "pe: text/plain\r\n\r\nbody\n\nmore";
  EXPECT_TRUE(*take_cgi_head(bytes, head));
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.headers.size(), 1U);
  EXPECT_EQ(bytes, "body\n\nmore");
  std::string broken = "no colon\n\n";
  EXPECT_FALSE(take_cgi_head(broken, head));
}

TEST(EventBus, KeepsTheNewestAndSaysWhenSomeAreMissing) {
  EventBus bus;
  EXPECT_TRUE(bus.after(0).complete);
  for (size_t i = 0; i < EventBus::kRing; ++i) bus.publish(Event{.type = "notice"});
  EXPECT_TRUE(bus.after(0).complete);
  EXPECT_EQ(bus.after(0).events.size(), EventBus::kRing);
  bus.publish(Event{.type = "notice"});
  EXPECT_FALSE(bus.after(0).complete);
  EXPECT_TRUE(bus.after(1).complete);
  EXPECT_EQ(bus.after(EventBus::kRing).events.size(), 1U);
  EXPECT_TRUE(bus.after(EventBus::kRing + 1).events.empty());
  EXPECT_FALSE(bus.after(9999).complete) << "an id from an earlier life";
}

TEST(EventBus, WakesListenersUntilTheyLeave) {
  EventBus bus;
  int woken = 0;
  {
    EventBus::Subscription subscription = bus.subscribe([&woken] { ++woken; });
    bus.publish({});
    EXPECT_EQ(bus.listeners(), 1U);
  }
  bus.publish({});
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(bus.listeners(), 0U);
}

Endpoint local_endpoint(int fd, bool peer) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  int failed = peer ? ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size)
                    : ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(failed, 0);
  Endpoint out;
  out.port = ntohs(address.sin_port);
  std::memcpy(out.address, &address.sin_addr, 4);
  return out;
}

TEST(Peer, TheKernelNamesTheOwnerOfASocketWhileItIsOpen) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  int server = ::accept(listener, nullptr, nullptr);
  Endpoint theirs = local_endpoint(server, true);
  Endpoint ours = local_endpoint(server, false);
  EXPECT_EQ(socket_owner(theirs, ours), ::getuid());
  Endpoint nobody = theirs;
  nobody.port = ours.port;
  EXPECT_EQ(socket_owner(nobody, ours), std::nullopt);
  ::close(client);
  EXPECT_EQ(socket_owner(theirs, ours), std::nullopt) << "an orphan is nobody's";
  ::close(server);
  ::close(listener);
}

TEST(Access, OtherUsersOfThisMachineLookButDoNotAct) {
  AccessRules rules{.own_uid = 4242};
  HttpRequest request;
  request.peer = Peer{.loopback = true, .uid = 4243};
  request.headers["host"] = "localhost:7300";
  EXPECT_TRUE(check_access(rules, request, Permission::kLook, "socket").allowed);
  EXPECT_EQ(check_access(rules, request, Permission::kAct, "socket").status, 401);
  request.peer.uid = 4242;
  EXPECT_TRUE(check_access(rules, request, Permission::kAct, "socket").allowed);
  request.peer.uid.reset();
  EXPECT_FALSE(check_access(rules, request, Permission::kAct, "socket").allowed);
  request.peer.loopback = false;
  EXPECT_EQ(check_access(rules, request, Permission::kLook, "socket").status, 401);
  EXPECT_TRUE(check_access(rules, request, Permission::kOpen, "socket").allowed);
}

TEST(Access, TokensComeAsBearerOrBasic) {
  AccessRules rules{.own_uid = 4242, .tokens = [] { return std::vector<Token>{{"ci", "s3cret"}}; }};
  HttpRequest request;
  request.headers["authorization"] = "Basic eDpzM2NyZXQ=";  // x:s3cret
  EXPECT_EQ(check_access(rules, request, Permission::kAct, "pusher").caller.how, "token ci");
  request.headers["authorization"] = "bearer s3cret";
  EXPECT_TRUE(check_access(rules, request, Permission::kAct, "pusher").allowed);
  request.headers["authorization"] = "Bearer ";
  EXPECT_FALSE(check_access(rules, request, Permission::kAct, "pusher").allowed);
  EXPECT_FALSE(check_access(AccessRules{.tokens =
                                            [] {
                                              return std::vector<Token>{{"empty", ""}};
                                            }},
                            request, Permission::kAct, "pusher")
                   .allowed);
}

TEST(Access, OnlyOurOwnHooksReport) {
  AccessRules rules{.own_uid = 4242};
  HttpRequest request;
  request.peer = Peer{.unix_socket = true, .uid = 4243};
  EXPECT_TRUE(check_access(rules, request, Permission::kAct, "socket").allowed);
  EXPECT_FALSE(check_access(rules, request, Permission::kHook, "socket").allowed);
  request.peer.uid = 4242;
  EXPECT_TRUE(check_access(rules, request, Permission::kHook, "socket").allowed);
}

TEST(Routes, TheDescriptionNamesEveryRouteOnce) {
  nlohmann::json description = nlohmann::json::parse(openapi(look_routes(), "1"));
  EXPECT_EQ(description["openapi"], "3.1.0");
  EXPECT_EQ(description["paths"]["/api/v1/where/{commit}"]["get"]["parameters"][0]["name"], "commit");
  std::map<std::string, std::string> parts;
  EXPECT_TRUE(match_path("/a/{x}/c", "/a/b/c", parts));
  EXPECT_EQ(parts["x"], "b");
  EXPECT_FALSE(match_path("/a/{x}/c", "/a//c", parts));
  EXPECT_FALSE(match_path("/a/{x}", "/a/b/c", parts));
}

}  // namespace
}  // namespace autonomous::daemon
