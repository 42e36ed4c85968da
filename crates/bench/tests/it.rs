//! The verifier of passes, through the door that the rotation test uses.

use std::io::Write as _;
use std::process::{Command, Stdio};

use daypass_bench::issuer::Issuer;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_pass_is_refused_with_a_reason_and_the_next_one_is_looked_at() {
    let issuer = Issuer::start().await.unwrap();
    let identity_token = issuer.minter().token(1).unwrap();
    let mut verify = Command::new(env!("CARGO_BIN_EXE_daypass-bench"));
    verify.args(["verify", "--issuer", issuer.url()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut verifier = verify.spawn().unwrap();
    let mut passes = verifier.stdin.take().unwrap();
    writeln!(passes, "not a pass\n{identity_token}").unwrap();
    drop(passes);
    let output = tokio::task::spawn_blocking(|| verifier.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success());
    let verdicts = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<Value> = verdicts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [malformed, of_another_type] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!((malformed["key_id"].as_str(), malformed["refused"].is_string()), (None, true));
    assert!(of_another_type["key_id"].is_string());
    assert_eq!(of_another_type["refused"], "the token is of another type than is taken here");
    assert_eq!(issuer.requests(), 2, "discovery and keys, for the one that names a key");
}
