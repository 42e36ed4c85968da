//! A webhook that misbehaves in every way, while the server works and is killed.

use rustix::process::Signal;

use super::files::{Beside, SETTINGS, end};
use super::receiver::{FILTERED, Mode, Receiver, SECRET};
use super::{dice, recorded, serve_with, shows_nothing_secret, start, successes};
use crate::installation::Installation;
use crate::kills::load::Load;
use crate::support::{Folder, set_mode};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_exchange_is_lost_or_kept_waiting_whatever_the_webhook_does_and_when_the_server_is_killed() {
    all_arrive_whatever_happens("sqlite", &Installation::new(None).await).await;
}

/// Under load: the webhook hangs, the server is killed, the webhook misbehaves in each way, the server is killed again.
pub(super) async fn all_arrive_whatever_happens(engine: &str, installation: &Installation) {
    let receiver = Receiver::start(Mode::Hangs);
    let (mut dice, mut told) = (dice(), Vec::new());
    let (mut server, address) = start(&mut serve_with(installation, &receiver));
    let mut load = Load::start(address, &installation.issuer, &mut dice);
    told.extend(successes(&mut load, 20).await);
    receiver.wait_for(Mode::Hangs, 1);
    // While it hangs, exchanges go on.
    told.extend(successes(&mut load, 200).await);
    server.signal(Signal::KILL);
    server.wait();
    shows_nothing_secret(&server);
    told.extend(load.end().await.0);

    let (mut server, address) = start(&mut serve_with(installation, &receiver));
    let mut load = Load::start(address, &installation.issuer, &mut dice);
    let modes = [
        Mode::Away,
        Mode::Fails,
        Mode::Redirects,
        Mode::Gone,
        Mode::Cuts,
        Mode::Endless,
        Mode::Limits,
        Mode::Small,
    ];
    for (number, mode) in modes.into_iter().enumerate() {
        receiver.set(mode);
        receiver.wait_for(mode, 1);
        told.extend(successes(&mut load, 20).await);
        receiver.set(Mode::Well);
        receiver.wait_for(Mode::Well, number.saturating_add(1));
    }
    told.extend(successes(&mut load, 100).await);
    server.signal(Signal::KILL);
    server.wait();
    let warnings = server.stderr().iter().filter(|line| line.contains("is not delivered to")).count();
    assert!((5..=8).contains(&warnings), "each trouble is told: {warnings}");
    shows_nothing_secret(&server);
    told.extend(load.end().await.0);

    let (mut server, _) = start(&mut serve_with(installation, &receiver));
    let ids = recorded(&installation.store_url).await;
    let (doubles, arrived) = receiver.wait_for_all(&ids);
    for success in &told {
        assert!(ids.contains(&success.exchange_id), "a success is in the ledger");
    }
    println!(
        "{{\"engine\":\"{engine}\",\"exchanges\":{},\"successes\":{},\"arrived\":{arrived},\"doubles\":{doubles}}}",
        ids.len(),
        told.len()
    );
    assert!(doubles > 0, "what was cut has come again");
    assert_eq!(receiver.taken(), ids.len(), "and nothing that is not in the ledger");
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
    shows_nothing_secret(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_last_is_delivered_before_a_server_ends_and_once() {
    let installation = Installation::new(None).await;
    let receiver = Receiver::start(Mode::Well);
    let (mut server, address) = start(&mut serve_with(&installation, &receiver));
    server.stderr_line(|line| line.contains("this server delivers the audit stream"));
    let mut load = Load::start(address, &installation.issuer, &mut dice());
    successes(&mut load, 100).await;
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
    load.end().await;
    let ids = recorded(&installation.store_url).await;
    // Refusals are written behind their answers, the last with the end.
    let (mut server, _) = start(&mut serve_with(&installation, &receiver));
    assert_eq!(receiver.wait_for_all(&ids), (0, ids.len()));
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_with_another_secret_does_not_take_the_signature() {
    let installation = Installation::new(None).await;
    let receiver = Receiver::start_with_another_key();
    let (_server, address) = start(&mut serve_with(&installation, &receiver));
    let mut load = Load::start(address, &installation.issuer, &mut dice());
    successes(&mut load, 1).await;
    load.end().await;
    assert_eq!(receiver.wait_for_fault(), "the signature is another");
    assert_eq!(receiver.taken(), 0);
    drop(receiver.faults());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_that_a_filter_refuses_is_named_keeps_what_is_before_it_from_nobody_and_can_be_passed_over()
 {
    let folder = Folder::new();
    let receiver = Receiver::start(Mode::Filters);
    set_mode(&folder.write("secret", SECRET), 0o600);
    let webhook = format!("webhook = '{}'\nsecret_file = 'secret'\ninsecure_http = true\n", receiver.url);
    folder.write("daypass.toml", &format!("{SETTINGS}{webhook}"));
    let mut beside = Beside::new(&folder).await;
    let before = beside.record(20).await;
    let refused = beside.record_of(1, &format!("refs/heads/{FILTERED}")).await.remove(0);
    let after = beside.record(20).await;
    let mut server = folder.serve(&[]);
    receiver.wait_for_all(&before);
    let line = server.standing.stderr_line(|line| line.contains("is not delivered to"));
    assert!(
        line.contains(&format!("it waits for exchange `{refused}`")) && line.contains("filter"),
        "{line}"
    );
    assert_eq!(receiver.taken(), before.len());
    // As docs/audit.md says.
    let pass_over = "UPDATE audit_stream SET (ordinal, exchange_id) = \
                     (SELECT ordinal, id FROM exchange_order WHERE id = ?1)";
    let database = rusqlite::Connection::open(folder.path("daypass.db")).unwrap();
    assert_eq!(database.execute(pass_over, [&refused]).unwrap(), 1);
    receiver.wait_for_all(&after);
    assert_eq!(receiver.taken(), before.len() + after.len(), "all but this one");
    end(&mut server.standing);
    beside.store.close().await;
}
