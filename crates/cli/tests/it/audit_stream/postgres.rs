//! Servers that share a database: one delivers, and another takes over when it is killed.

use rustix::process::Signal;

use super::receiver::{Mode, Receiver};
use super::webhooks::all_arrive_whatever_happens;
use super::{dice, recorded, serve_with, start, successes};
use crate::installation::Installation;
use crate::kills::load::Load;
use crate::postgres::Schema;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_exchange_of_a_database_is_lost_or_kept_waiting_whatever_the_webhook_does() {
    let schema = Schema::new();
    all_arrive_whatever_happens("postgresql", &Installation::new(Some(schema.url())).await).await;
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_one_delivers_what_both_record_and_the_other_takes_over_when_it_is_killed() {
    let schema = Schema::new();
    let installation = Installation::new(Some(schema.url())).await;
    let receiver = Receiver::start(Mode::Well);
    let (mut one, first) = start(&mut serve_with(&installation, &receiver));
    one.stderr_line(|line| line.contains("this server delivers the audit stream"));
    let (mut other, second) = start(&mut serve_with(&installation, &receiver));
    let mut dice = dice();
    let mut loads = [first, second].map(|address| Load::start(address, &installation.issuer, &mut dice));
    for load in &mut loads {
        successes(load, 200).await;
    }
    receiver.wait_for(Mode::Well, 2);
    assert!(!other.stderr().iter().any(|line| line.contains("this server delivers")), "one does");
    one.signal(Signal::KILL);
    one.wait();
    let [killed, mut living] = loads;
    killed.end().await;
    successes(&mut living, 200).await;
    living.end().await;
    other.stderr_line(|line| line.contains("this server delivers the audit stream"));
    let ids = recorded(&installation.store_url).await;
    let (doubles, arrived) = receiver.wait_for_all(&ids);
    println!("{{\"exchanges\":{},\"arrived\":{arrived},\"doubles\":{doubles}}}", ids.len());
    assert_eq!(receiver.taken(), ids.len());
    other.signal(Signal::TERM);
    assert_eq!(other.wait(), 0);
    schema.psql(&format!("DROP SCHEMA {} CASCADE", schema.name));
}
