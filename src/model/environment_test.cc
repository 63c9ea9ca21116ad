#include "model/environment.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace {

using Names = std::vector<std::string>;

class CharsetFiles : public ::testing::Test {
 protected:
  CharsetFiles() {
    for (const char* const name : {"gconv-modules", "gconv-modules.d/extra.conf", "ISO8859-1.so"}) {
      put(name);
    }
    base::write_file_atomically(folder_.path() + "/libc.so.6", "");
  }

  void put(const std::string& name) {
    const std::string path = folder_.path() + "/gconv/" + name;
    base::make_directories(path.substr(0, path.rfind('/')));
    base::write_file_atomically(path, "");
  }

  // Names below gconv/, sorted.
  Names found(const std::map<std::string, std::string>& environment) {
    Names names;
    for (const std::string& file :
         model::charset_files(folder_.path() + "/libc.so.6", model::charsets_of(environment))) {
      names.push_back(file.substr(folder_.path().size() + std::string("/gconv/").size()));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  base::TemporaryDirectory folder_;
};

TEST_F(CharsetFiles, are_none_in_the_c_locale) {
  EXPECT_EQ(found({{"LC_MESSAGES", "de_DE.UTF-8"}}), Names{});
}

TEST_F(CharsetFiles, are_the_list_alone_in_utf_8) {
  EXPECT_EQ(found({{"LC_CTYPE", "de_DE.UTF-8"}}), (Names{"gconv-modules", "gconv-modules.d/extra.conf"}));
  put("gconv-modules.cache");
  EXPECT_EQ(found({{"LC_CTYPE", "de_DE.utf8@euro"}}), Names{"gconv-modules.cache"});
}

TEST_F(CharsetFiles, are_the_modules_too_in_others) {
  const Names all{"ISO8859-1.so", "gconv-modules", "gconv-modules.d/extra.conf"};
  EXPECT_EQ(found({{"LC_CTYPE", "de_DE"}}), all);
}

// Root may read every folder, so it becomes somebody else meanwhile. (With no descriptor left, the sanitizers
// could not look at the exception.)
TEST_F(CharsetFiles, in_a_folder_that_cannot_be_read_are_an_error_that_is_told) {
  put("deep/A.so");
  const std::string libc = folder_.path() + "/libc.so.6";
  EXPECT_EQ(model::charset_files(libc, model::Charsets::All).size(), 4U);
  const std::string deep = folder_.path() + "/gconv/deep";
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(deep.c_str(), 0), 0);
  const uid_t before = ::geteuid();
  constexpr uid_t kNobody = 65534;
  if (before == 0) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  EXPECT_THROW((void)model::charset_files(libc, model::Charsets::All), base::OperatorError);
  ASSERT_EQ(::seteuid(before), 0);
  ASSERT_EQ(::chmod(deep.c_str(), 0755), 0);
}

}  // namespace
