//! Following the ledger.

use std::fs;

use rustix::process::Signal;

use super::ledger::{Ledger, refused, success};
use super::{ids, of};
use crate::support::Standing;

fn follow(ledger: &Ledger, more: &[&str]) -> Standing {
    Standing::start(&mut ledger.folder.command(&[&["audit", "tail"], more].concat()))
}

#[test]
fn the_last_ones_are_shown_and_each_further_one_once_until_an_interrupt() {
    let ledger = Ledger::new();
    let old: Vec<_> = (1..=12).map(|number| refused(number * 100)).collect();
    ledger.record_many(old.clone());
    let mut standing = follow(&ledger, &["--json"]);
    let mut told = standing.stdout_until(&old[11].id.to_string());
    assert_eq!(ids(&told), of(&old[2..].iter().collect::<Vec<_>>()));
    // An earlier id than those that are shown: of another server, say.
    let (new, late, last) = (success(2_000), refused(1_150), success(3_000));
    for exchange in [&new, &late, &last] {
        ledger.record(&[exchange]);
        told = standing.stdout_until(&exchange.id.to_string());
        assert_eq!(ids(&told), of(&[exchange]));
    }
    standing.signal(Signal::INT);
    assert_eq!(standing.wait(), 0, "{:?}", standing.stderr());
}

#[test]
fn a_wish_that_it_terminates_ends_it_too() {
    let ledger = Ledger::new();
    let mut standing = follow(&ledger, &["--lines", "0"]);
    assert!(standing.stdout_until("ID").starts_with("TIME (UTC)"));
    standing.signal(Signal::TERM);
    assert_eq!(standing.wait(), 143);
}

#[test]
fn only_what_fits_is_followed_and_a_table_goes_on_in_its_columns() {
    let ledger = Ledger::new();
    ledger.record(&[&success(1_000)]);
    let mut standing = follow(&ledger, &["--outcome", "refused"]);
    standing.stdout_until("ID");
    let (other, wanted) = (success(2_000), refused(3_000));
    ledger.record(&[&other, &wanted]);
    let told = standing.stdout_until(&wanted.id.to_string());
    assert!(!told.contains(&other.id.to_string()) && !told.contains('\u{1b}'), "{told}");
    let columns =
        "1970-01-01      not_allowed         deploy        octo-org/octo-repo        main              ";
    assert!(told.starts_with(columns), "{told}");
}

#[test]
fn a_store_that_is_away_for_a_while_is_waited_for() {
    let ledger = Ledger::new();
    ledger.record(&[&success(1_000)]);
    let mut standing = follow(&ledger, &["--json"]);
    standing.stdout_until("}\n");
    let (here, away) = (ledger.folder.path("data"), ledger.folder.path("away"));
    fs::rename(&here, &away).unwrap();
    let note = standing.stderr_line(|_| true);
    assert!(note.starts_with("the store is unavailable:") && note.contains("trying again"), "{note}");
    fs::rename(&away, &here).unwrap();
    standing.stderr_line(|line| line == "the store is back");
    let new = success(2_000);
    ledger.record(&[&new]);
    assert_eq!(ids(&standing.stdout_until(&new.id.to_string())), of(&[&new]));
    assert_eq!(standing.stderr().len(), 2, "{:?}", standing.stderr());
}
