//! The server itself: where it listens, what it keeps, and when it ends.

use crate::support::{get, start, start_with, try_start, verified};
use daypass_emulator::{EmulatorConfig, EmulatorFault, GithubJob, GitlabJob, MAX_JOBS, Provider};
use tokio::net::TcpStream;

fn github() -> Provider {
    Provider::Github(GithubJob::default())
}

fn config() -> EmulatorConfig {
    EmulatorConfig::new(github())
}

#[tokio::test]
async fn it_listens_on_this_machine_only() {
    for listen in ["0.0.0.0:0", "[::]:0", "[::1]:0", "127.0.0.2:0", "192.0.2.1:0", "127.0.0.1:80"] {
        let config = EmulatorConfig { listen: listen.parse().unwrap(), ..config() };
        let fault = try_start(config).await.err().unwrap();
        assert!(matches!(fault, EmulatorFault::ListenRefused(_)), "{listen}: {fault}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_fault() {
    let first = start(github()).await;
    let listen = first.issuer_url().strip_prefix("http://").unwrap().parse().unwrap();
    let fault = try_start(EmulatorConfig { listen, ..config() }).await.err().unwrap();
    assert!(matches!(fault, EmulatorFault::Listen { .. }), "{fault}");
}

#[tokio::test]
async fn the_keys_outlive_a_run_where_a_folder_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || EmulatorConfig { state_dir: Some(folder.path().join("daypass")), ..config() };
    let keys = async |config| {
        let running = start_with(config).await;
        let token = running.mint(Some("x"), &[]).unwrap();
        verified(&running, token.reveal(), "x", 900).await;
        let document = get(&format!("{}/.well-known/jwks", running.issuer_url())).await.body;
        running.stop().await;
        document
    };
    let first = keys(kept()).await;
    assert_eq!(first, keys(kept()).await);
    assert_ne!(first, keys(config()).await);
}

#[tokio::test]
async fn both_systems_can_keep_their_keys_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    for provider in [github(), Provider::Gitlab(GitlabJob::default())] {
        start_with(EmulatorConfig {
            state_dir: Some(folder.path().to_owned()),
            ..EmulatorConfig::new(provider)
        })
        .await;
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn jobs_of_one_emulator_are_apart() {
    let running = start(github()).await;
    let other = GithubJob { repository: "acme/shop".parse().unwrap(), ..GithubJob::default() };
    let job = running.start_job(Provider::Github(other)).unwrap();
    assert_eq!(job.environment()["GITHUB_REPOSITORY"], "acme/shop");
    assert_eq!(running.environment()["GITHUB_REPOSITORY"], "octo-org/octo-repo");
    for name in
        ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_RUN_ID", "GITHUB_ENV"]
    {
        assert_ne!(job.environment()[name], running.environment()[name], "{name}");
    }
    let fault = running.start_job(Provider::Gitlab(GitlabJob::default())).err().unwrap();
    assert!(matches!(fault, EmulatorFault::WrongProvider));
}

#[tokio::test]
async fn the_number_of_jobs_is_bounded() {
    let gitlab = || Provider::Gitlab(GitlabJob::default());
    let running = start(gitlab()).await;
    let started = (1..=MAX_JOBS).map_while(|_| running.start_job(gitlab()).ok()).count();
    assert_eq!(started + 1, MAX_JOBS);
}

#[tokio::test]
async fn a_wrong_path_gets_a_short_text() {
    let running = start(github()).await;
    let answer = get(&format!("{}/nowhere", running.issuer_url())).await;
    assert_eq!((answer.status, answer.body.lines().count()), (404, 1));
}

#[tokio::test]
async fn it_stops_when_told_even_while_a_connection_is_open() {
    let running = start(github()).await;
    let address = running.issuer_url().strip_prefix("http://").unwrap().to_owned();
    let _idle = TcpStream::connect(&address).await.unwrap();
    running.stop().await;
    assert!(TcpStream::connect(&address).await.is_err());
}
