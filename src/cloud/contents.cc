#include "cloud/contents.hh"

#include "base/quote.hh"
#include "net/aws/sigv4.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>
#include <vector>

namespace cloud {

namespace {

constexpr const char* kTarget = "AmazonEC2ContainerRegistry_V20150921.";

struct Page {
  std::vector<std::string> keys;
  uint64_t bytes = 0;
  std::string next;  // token; empty: that was the last
};

Page page_of(AwsCalls& calls, const std::string& bucket, const std::string& token, unsigned most) {
  net::aws::Query query{{"list-type", "2"}, {"max-keys", std::to_string(most)}};
  if (!token.empty()) {
    query.emplace_back("continuation-token", token);
  }
  const std::string text = calls.rest("s3", "GET", "/" + bucket, query).body;
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size()) || !document.child("ListBucketResult")) {
    throw base::OperatorError("the list of s3://" + bucket + " is damaged; do the same again");
  }
  const pugi::xml_node result = document.child("ListBucketResult");
  Page page;
  for (const pugi::xml_node entry : result.children("Contents")) {
    page.keys.emplace_back(entry.child_value("Key"));
    page.bytes += entry.child("Size").text().as_ullong();
  }
  if (result.child_value("IsTruncated") == std::string_view("true")) {
    page.next = result.child_value("NextContinuationToken");
  }
  return page;
}

constexpr unsigned kPage = 1000;  // the most that DeleteObjects takes

}  // namespace

Contents BucketContents::count() {
  Contents contents;
  std::string token;
  do {
    const Page page = page_of(calls_, bucket_, token, kPage);
    contents.count += page.keys.size();
    contents.bytes += page.bytes;
    token = page.next;
  } while (!token.empty());
  return contents;
}

void BucketContents::try_to_list() {
  static_cast<void>(page_of(calls_, bucket_, "", 1));
}

uint64_t BucketContents::empty() {
  uint64_t removed = 0;
  std::string last;
  while (true) {
    Page page;
    try {
      page = page_of(calls_, bucket_, "", kPage);
    } catch (const CallError& error) {
      if (error.code() == "NoSuchBucket") {
        return removed;
      }
      throw;
    }
    if (page.keys.empty()) {
      return removed;
    }
    if (page.keys.front() == last) {
      throw base::OperatorError("s3://" + bucket_ + " still lists '" + base::printable(last) +
                                "', which it said it has removed; do the same again later");
    }
    last = page.keys.front();
    pugi::xml_document document;
    pugi::xml_node list = document.append_child("Delete");
    list.append_child("Quiet").text().set("true");
    for (const std::string& key : page.keys) {
      list.append_child("Object").append_child("Key").text().set(key.c_str());
    }
    std::ostringstream text;
    document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
    const std::string body = text.str();
    const std::string said = calls_
                                 .rest("s3", "POST", "/" + bucket_, {{"delete", ""}}, body,
                                       {{"x-amz-checksum-sha256", net::aws::sha256_base64(body)}})
                                 .body;
    pugi::xml_document answer;
    answer.load_buffer(said.data(), said.size());
    if (const pugi::xml_node error =
            answer.child("DeleteResult").child("Error")) {  // all else would go round for ever
      throw base::OperatorError(fmt::format("cannot empty s3://{}: {}: {}: {}", bucket_,
                                            error.child_value("Key"), error.child_value("Code"),
                                            error.child_value("Message")));
    }
    removed += page.keys.size();
  }
}

Contents ImageRepository::count() {
  Contents contents;
  nlohmann::json request{{"repositoryName", name_}};
  do {
    const auto page = nlohmann::json::parse(
        calls_.json("ecr", std::string(kTarget) + "DescribeImages", request.dump()), nullptr, false);
    if (!page.is_object()) {
      throw base::OperatorError("ECR answers DescribeImages with what is no JSON");
    }
    for (const auto& image : page.value("imageDetails", nlohmann::json::array())) {
      ++contents.count;
      contents.bytes += image.value("imageSizeInBytes", uint64_t{0});
    }
    request.erase("nextToken");
    if (page.contains("nextToken") && page["nextToken"].is_string()) {
      request["nextToken"] = page["nextToken"];
    }
  } while (request.contains("nextToken"));
  return contents;
}

std::string ImageRepository::credentials() {
  const auto answer = nlohmann::json::parse(
      calls_.json("ecr", std::string(kTarget) + "GetAuthorizationToken", "{}"), nullptr, false);
  try {
    return answer.at("authorizationData").at(0).at("authorizationToken").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    throw base::OperatorError("ECR's answer to GetAuthorizationToken has no token");
  }
}

}  // namespace cloud
