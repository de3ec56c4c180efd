// The hook's client against servers that say what they are told, byte by byte, and no more.
#include "daemon/cli/socket_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "gitops/base/file.h"
#include "tests/unit/daemon/cli/raw_server.h"

namespace autonomous::daemon {
namespace {

using testing::HasSubstr;

const std::string kChunked =
    "HTTP/1.1 202 Accepted\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    "6\r\none\ntw\r\n1;note=x\r\no\r\n00C\r\n\nthree\r\nfour\r\n0\r\nTrailer: x\r\n\r\n";
const std::string kChunkedBody = "one\ntwo\nthree\r\nfour";

Result<SocketAnswer> read_all(const std::vector<std::string_view>& pieces, const OnBody& on_data = nullptr,
                              uint64_t most = 100) {
  AnswerReader reader(most, on_data);
  for (std::string_view piece : pieces) TRY_DO(reader.feed(piece));
  if (!reader.done()) return fail(Code::kUnavailable, "more is needed");
  return std::move(reader.answer());
}

std::string plain(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\ncontent-length:  " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(AnswerReader, TakesAnAnswerThatIsCutAnywhere) {
  for (const auto& [bytes, status, body] :
       std::vector<std::tuple<std::string, int, std::string>>{{kChunked, 202, kChunkedBody},
                                                              {plain("200 OK", "{}\n\r\n"), 200, "{}\n\r\n"},
                                                              {plain("409", ""), 409, ""}}) {
    std::string_view all = bytes;
    for (size_t a = 0; a <= all.size(); ++a) {
      for (size_t b = a; b <= all.size(); ++b) {
        auto answer = read_all({all.substr(0, a), all.substr(a, b - a), all.substr(b)});
        ASSERT_TRUE(answer) << answer.error().text() << " at " << a << " and " << b;
        ASSERT_EQ(answer->status, status);
        ASSERT_EQ(answer->body, body);
      }
    }
    for (size_t a = 0; a < all.size(); ++a) ASSERT_FALSE(read_all({all.substr(0, a)})) << "not whole at " << a;
    std::vector<std::string_view> single;
    for (size_t i = 0; i < all.size(); ++i) single.push_back(all.substr(i, 1));
    EXPECT_EQ(read_all(single)->body, body);
  }
}

TEST(AnswerReader, GivesAStreamAwayAndKeepsARefusal) {
  std::string heard;
  auto hear = [&](std::string_view data) { return heard += data, Heard::kNews; };
  auto answer = read_all({kChunked}, hear, 1);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(heard, kChunkedBody);
  EXPECT_EQ(answer->body, "");
  heard.clear();
  auto refused = read_all({plain("503 Busy", "later")}, hear);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->body, "later");
  EXPECT_EQ(heard, "");
}

TEST(AnswerReader, TellsNewsFromSignsOfLife) {
  AnswerReader reader(100, [](std::string_view data) { return data == "{}" ? Heard::kNews : Heard::kNothing; });
  std::vector<bool> news;
  for (const char* piece : {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n", "1\r\n", "\n\r\n", "4\r\n\r\n",
                            "{}", "\r\n", "0\r\n\r\n"}) {
    ASSERT_TRUE(reader.feed(piece));
    news.push_back(reader.take_news());
  }
  EXPECT_THAT(news, testing::ElementsAre(false, true, false, false, false, true, false, false));
  EXPECT_TRUE(reader.done());
}

TEST(AnswerReader, EndsWhenNoMoreIsWanted) {
  int pieces = 0;
  AnswerReader reader(100, [&](std::string_view) { return ++pieces < 2 ? Heard::kNews : Heard::kEnough; });
  ASSERT_TRUE(reader.feed(kChunked));
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(pieces, 2);
}

TEST(AnswerReader, TakesNothingThatIsOdd) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& bytes : std::vector<std::string>{
           "SSH-2.0-OpenSSH\r\n",
           "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 20\r\n",
           "HTTP/1.1 2000\r\n",
           "HTTP/1.1 100 Continue\r\n\r\n",
           "HTTP/1.1 600 Odd\r\n",
           "\r\n",
           "HTTP/1.1 200 OK\n",
           "HTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno header\r\n",
           "HTTP/1.1 200 OK\r\n: x\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
           chunked + "\r\n",
           chunked + "x\r\n",
           chunked + "-1\r\n",
           chunked + "11111111111111111\r\n",
           chunked + "1\r\nab\r\n",
       }) {
    auto answer = read_all({bytes});
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code(), Code::kInvalid) << bytes;
  }
}

TEST(AnswerReader, HasBounds) {
  const std::string chunk = "64\r\n" + std::string(100, 'x') + "\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk;
  EXPECT_TRUE(read_all({plain("200 OK", std::string(100, 'x'))}));
  EXPECT_TRUE(read_all({chunked, "0\r\n\r\n"}));
  for (const std::string& bytes :
       {plain("200 OK", std::string(101, 'x')), chunked + "1\r\nx\r\n", "HTTP/1.1 200 " + std::string(40'000, 'x'),
        "HTTP/1.1 200 OK\r\nx: " + std::string(40'000, 'x'), chunked + "1;" + std::string(40'000, 'x'),
        chunked + "0\r\n" + std::string(40'000, 'x')}) {
    auto answer = read_all({bytes});
    ASSERT_FALSE(answer) << bytes.substr(0, 80);
    EXPECT_EQ(answer.error().code(), Code::kLimit) << bytes.substr(0, 80);
  }
}

class SocketCallTest : public testing::Test {
 protected:
  TempFolder folder = *TempFolder::make();
  SocketCall call{folder.path() + "/s", "/api/v1/x", R"({"a":1})", "application/json"};
};

TEST_F(SocketCallTest, AsksAndReadsTheAnswer) {
  RawServer server(call.socket, kChunked);
  auto answer = call_socket(Ctx{}, call);
  server.end();
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->body, kChunkedBody);
  EXPECT_EQ(server.asked,
            "POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            "Accept: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
}

TEST_F(SocketCallTest, AnAnswerThatIsCutOffIsNone) {
  for (size_t size : {size_t{0}, size_t{20}, kChunked.size() - 30, kChunked.size() - 1}) {
    ::unlink(call.socket.c_str());
    RawServer server(call.socket, kChunked.substr(0, size));
    auto answer = call_socket(Ctx{}, call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kUnavailable);
    EXPECT_TRUE(answer.error().retryable());
  }
}

TEST_F(SocketCallTest, ASilentDaemonIsNotWaitedForForever) {
  // Before the head, inside of it, and inside the body.
  for (size_t size : {size_t{0}, size_t{20}, kChunked.size() - 30}) {
    ::unlink(call.socket.c_str());
    call.patience = size > 20 ? Millis(60'000) : Millis(1);
    call.silence = Millis(1);
    RawServer server(call.socket, kChunked.substr(0, size), true);
    auto answer = call_socket(Ctx{}, call, [](std::string_view) { return Heard::kNews; });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kTimeout);
  }
}

TEST_F(SocketCallTest, ADaemonThatOnlyShowsThatItLivesIsSilent) {
  call.silence = Millis(20);
  RawServer server(call.socket, kChunked.substr(0, kChunked.find("\r\n\r\n") + 4), true, "1\r\n\n\r\n");
  auto answer = call_socket(Ctx{}, call, [](std::string_view) { return Heard::kNothing; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTimeout);
}

TEST_F(SocketCallTest, StopsWhenItIsTold) {
  std::stop_source stop;
  RawServer server(call.socket, kChunked.substr(0, kChunked.size() - 30), true);
  auto answer =
      call_socket(Ctx{stop.get_token()}, call, [&](std::string_view) { return stop.request_stop(), Heard::kNews; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCancelled);
}

TEST_F(SocketCallTest, NobodyThere) {
  auto nobody = call_socket(Ctx{}, call);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), Code::kUnavailable);
  EXPECT_THAT(nobody.error().message(), HasSubstr(call.socket));
  call.socket = folder.path() + "/" + std::string(108, 's');
  EXPECT_EQ(call_socket(Ctx{}, call).error().code(), Code::kInvalid);
}

TEST_F(SocketCallTest, ALongRequestIsReadInPieces) {
  call.body = "{" + std::string(4u << 20, ' ') + "}";
  RawServer server(call.socket, plain("200 OK", "{}"));
  auto answer = call_socket(Ctx{}, call);
  server.end();
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body, "{}");
  EXPECT_THAT(server.asked, HasSubstr("Content-Length: " + std::to_string(call.body.size()) + "\r\n\r\n" + call.body));
}

}  // namespace
}  // namespace autonomous::daemon
