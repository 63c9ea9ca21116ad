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
  WorkerParts parts() const {
    WorkerParts parts;
    parts.program = this_program();
    parts.loader = scratch_.path() + "/ld.so";
    parts.libraries = {parts.loader};
    parts.authorities = scratch_.path() + "/ca.pem";
    parts.top = {"usr", "proc", "data", "gg", "boot"};
    parts.etc = {"passwd", "shadow", "fonts"};
    base::write_file_atomically(parts.loader, "a loader");
    base::write_file_atomically(parts.authorities, "an authority");
    return parts;
  }

  std::string folder(const std::string& name) const {
    const std::string path = scratch_.path() + "/" + name;
    base::make_directories(path);
    return path;
  }

  base::TemporaryDirectory scratch_;
};

const ImageEntry* find(const std::vector<ImageEntry>& entries, const std::string& path) {
  for (const ImageEntry& entry : entries) {
    if (entry.path == path) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace

TEST_F(WorkerImage, two_made_of_the_same_parts_are_one) {
  const Manifest one = make_worker_image(parts(), folder("one"), "gg");
  const Manifest other = make_worker_image(parts(), folder("other"), "gg");
  EXPECT_EQ(one.itself, other.itself);
  EXPECT_EQ(base::read_file(folder("one") + "/index.json"), base::read_file(folder("other") + "/index.json"));
}

TEST_F(WorkerImage, the_users_own_folders_lead_into_the_root_of_thunks) {
  const auto entries = skeleton_entries(parts());
  ASSERT_NE(find(entries, "data"), nullptr);
  EXPECT_EQ(find(entries, "data")->kind, ImageEntry::Kind::Symlink);
  EXPECT_EQ(find(entries, "data")->text, "/tmp/root/data");
  EXPECT_EQ(find(entries, "usr")->text, "/tmp/root/usr");
  EXPECT_EQ(find(entries, "etc/fonts")->text, "/tmp/root/etc/fonts");
}

TEST_F(WorkerImage, what_the_worker_and_its_host_need_stays_real) {
  const auto entries = skeleton_entries(parts());
  for (const char* name : {"dev", "proc", "tmp", "var", "etc"}) {
    ASSERT_NE(find(entries, name), nullptr) << name;
    EXPECT_EQ(find(entries, name)->kind, ImageEntry::Kind::Directory) << name;
  }
  EXPECT_EQ(find(entries, "etc/passwd")->kind, ImageEntry::Kind::File);
  EXPECT_EQ(find(entries, "gg"), nullptr);
  EXPECT_EQ(find(entries, "boot"), nullptr);
  EXPECT_EQ(find(entries, "etc/shadow"), nullptr);
}

TEST_F(WorkerImage, its_manifest_names_blobs_that_are_there_with_these_sizes) {
  const Manifest manifest = make_worker_image(parts(), folder("image"), "gg");
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

TEST_F(WorkerImage, two_libraries_of_one_name_are_refused) {
  WorkerParts twice = parts();
  base::make_directories(scratch_.path() + "/more");
  base::write_file_atomically(scratch_.path() + "/more/ld.so", "another");
  twice.libraries.insert(scratch_.path() + "/more/ld.so");
  EXPECT_THROW(static_cast<void>(worker_entries(twice)), base::OperatorError);
}

TEST_F(WorkerImage, a_text_is_no_worker) {
  WorkerParts wrong = parts();
  wrong.program = wrong.authorities;
  EXPECT_THROW(make_worker_image(wrong, folder("image"), "gg"), base::OperatorError);
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
