#include "cloud/worker_image.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

using namespace cloud;

namespace {

std::string this_program() {
  return base::link_target("/proc/self/exe").value();
}

class WorkerImage : public testing::Test {
 protected:
  // As `gg-worker --make-root` leaves it, in little.
  WorkerRoot root() const {
    const std::string at = scratch_.path() + "/root";
    for (const char* directory : {"/gg/bin", "/gg/lib", "/etc", "/tmp"}) {
      base::make_directories(at + directory);
    }
    base::write_file_atomically(at + "/gg/bin/gg-worker", base::read_file(this_program()), 0755);
    base::write_file_atomically(at + "/gg/lib/ld.so", "a loader");
    std::filesystem::remove(at + "/data");
    std::filesystem::create_symlink("/tmp/root/data", at + "/data");
    return {at, {"/gg/lib/ld.so", "/gg/bin/gg-worker"}};
  }

  std::string folder(const std::string& name) const {
    const std::string path = scratch_.path() + "/" + name;
    base::make_directories(path);
    return path;
  }

  std::string script(const std::string& text) const {
    const std::string path = scratch_.path() + "/script";
    base::write_file_atomically(path, "#!/bin/sh\n" + text + "\n", 0755);
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return path;
  }

  std::string refusal_of(const std::string& worker) const {
    try {
      static_cast<void>(make_worker_root(worker, "", scratch_.path() + "/made"));
    } catch (const base::OperatorError& error) {
      return error.what();
    }
    return "";
  }

  base::TemporaryDirectory scratch_;
};

}  // namespace

TEST_F(WorkerImage, two_made_of_the_same_root_are_one) {
  const Manifest one = make_worker_image(root(), folder("one"), "gg");
  const Manifest other = make_worker_image(root(), folder("other"), "gg");
  EXPECT_EQ(one.itself, other.itself);
  EXPECT_EQ(base::read_file(folder("one") + "/index.json"), base::read_file(folder("other") + "/index.json"));
}

TEST_F(WorkerImage, its_manifest_names_blobs_that_are_there_with_these_sizes) {
  const Manifest manifest = make_worker_image(root(), folder("image"), "gg");
  std::vector<Blob> blobs = manifest.layers;
  blobs.push_back(manifest.config);
  blobs.push_back(manifest.itself);
  for (const Blob& blob : blobs) {
    EXPECT_EQ(std::filesystem::file_size(blob_path(folder("image"), blob.digest)), blob.bytes);
  }
  const auto config =
      nlohmann::json::parse(base::read_file(blob_path(folder("image"), manifest.config.digest)));
  EXPECT_EQ(config["config"]["Entrypoint"][0], "/gg/lib/ld.so");
  EXPECT_EQ(config["rootfs"]["diff_ids"].size(), 2U);
}

TEST_F(WorkerImage, a_root_whose_worker_is_a_text_is_refused) {
  const WorkerRoot wrong = root();
  base::write_file_atomically(wrong.directory + "/gg/bin/gg-worker", "no program");
  EXPECT_THROW(make_worker_image(wrong, folder("image"), "gg"), base::OperatorError);
}

TEST_F(WorkerImage, its_start_is_what_the_worker_says) {
  const WorkerRoot made = make_worker_root(script(R"(echo "[\"/gg/ld\", \"$1 $2 $3 $4\"]")"), "/a.pem", "/r");
  EXPECT_EQ(made.start, (std::vector<std::string>{"/gg/ld", "--make-root /r --ca /a.pem"}));
}

TEST_F(WorkerImage, a_worker_that_fails_or_says_no_start_is_named_with_its_words) {
  EXPECT_THAT(refusal_of(script("echo no room >&2; exit 3")), testing::HasSubstr("no room"));
  EXPECT_THAT(refusal_of(script("echo hello")), testing::HasSubstr(scratch_.path() + "/script"));
}

TEST(WithoutSections, a_program_runs_as_before_and_is_smaller) {
  const base::TemporaryDirectory scratch;
  const std::string whole = base::read_file("/proc/self/exe");
  const std::string bare = without_sections(whole);
  EXPECT_LT(bare.size(), whole.size());
  const std::string path = scratch.path() + "/bare";
  base::write_file_atomically(path, bare, 0755);
  EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
  EXPECT_EQ(std::system((path + " --gtest_list_tests >/dev/null").c_str()), 0);
}

TEST(WithoutSections, what_is_no_elf_or_is_cut_off_stays) {
  EXPECT_EQ(without_sections("#!/bin/sh\n"), "#!/bin/sh\n");
  const std::string cut = base::read_file("/proc/self/exe").substr(0, 4096);
  EXPECT_EQ(without_sections(cut), cut);
}
