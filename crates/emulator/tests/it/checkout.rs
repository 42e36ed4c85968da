//! What is read from a git checkout, and what happens where there is none.

use std::path::Path;
use std::process::Command;

use daypass_emulator::{Checkout, GithubJob, GitlabJob, stable_id};

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch", "trunk"]);
    folder
}

#[tokio::test]
async fn a_job_takes_repository_branch_and_commit_from_the_checkout() {
    let folder = repository();
    git(folder.path(), &["remote", "add", "origin", "git@git.example.com:acme/web/shop.git"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    std::fs::create_dir(folder.path().join("below")).unwrap();
    let checkout = Checkout::read(&folder.path().join("below")).await.unwrap();
    assert_eq!(checkout.root.canonicalize().unwrap(), folder.path().canonicalize().unwrap());
    assert_eq!(checkout.repository.as_deref(), Some("acme/web/shop"));
    assert_eq!(checkout.git_ref.as_deref(), Some("refs/heads/trunk"));
    assert_eq!(checkout.sha, Some(git(folder.path(), &["rev-parse", "HEAD"])));
    let gitlab = GitlabJob::in_checkout(&checkout);
    assert_eq!(
        (gitlab.project.path().as_str(), gitlab.project.id),
        ("acme/web/shop", stable_id("acme/web/shop"))
    );
    assert!(!gitlab.ref_protected);
    let github = GithubJob::in_checkout(&checkout);
    assert_eq!(github.repository.to_string(), "octo-org/octo-repo", "GitHub has no groups in groups");
    assert_eq!(Some(github.sha), checkout.sha);
}

#[tokio::test]
async fn the_default_branch_is_that_of_the_remote_as_far_as_the_clone_knows() {
    let origin = repository();
    git(origin.path(), &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    assert_eq!(Checkout::read(origin.path()).await.unwrap().default_branch, None);
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    git(folder.path(), &["clone", "--quiet", origin.path().to_str().unwrap(), clone.to_str().unwrap()]);
    let checkout = Checkout::read(&clone).await.unwrap();
    assert_eq!(checkout.default_branch.as_deref(), Some("trunk"));
    let github = GithubJob { event: "schedule".to_owned(), ..GithubJob::in_checkout(&checkout) };
    assert_eq!(
        (github.run_ref().as_str(), github.pull_request.base_ref.as_str()),
        ("refs/heads/trunk", "trunk")
    );
    let gitlab = GitlabJob::in_checkout(&checkout);
    assert_eq!((gitlab.merge_request.target_branch.as_str(), gitlab.ref_protected), ("trunk", true));
    git(&clone, &["checkout", "--quiet", "-b", "main"]);
    assert!(!GitlabJob::in_checkout(&Checkout::read(&clone).await.unwrap()).ref_protected);
}

#[tokio::test]
async fn a_commit_without_a_branch_is_known_by_its_tag() {
    let folder = repository();
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    git(folder.path(), &["checkout", "--quiet", "--detach"]);
    assert_eq!(Checkout::read(folder.path()).await.unwrap().git_ref, None);
    git(folder.path(), &["tag", "v1"]);
    assert_eq!(Checkout::read(folder.path()).await.unwrap().git_ref.as_deref(), Some("refs/tags/v1"));
}

#[tokio::test]
async fn an_empty_repository_gives_what_it_has() {
    let folder = repository();
    let checkout = Checkout::read(folder.path()).await.unwrap();
    assert_eq!((checkout.repository.as_ref(), checkout.sha.as_ref()), (None, None));
    let job = GithubJob::in_checkout(&checkout);
    assert_eq!((job.repository.id, job.repository.owner_id, job.sha.len()), (123_456_789, 65, 40));
    assert_eq!(job.git_ref, "refs/heads/trunk");
}

#[tokio::test]
async fn outside_a_checkout_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Checkout::read(folder.path()).await, None);
    assert_eq!(Checkout::read(&folder.path().join("absent")).await, None);
}
