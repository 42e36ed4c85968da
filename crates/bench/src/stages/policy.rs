//! What policies cost: to check a thousand roles, and to be asked about where their globs are hostile.

use std::io;

use daypass_bench::clock;
use daypass_bench::issuer::Issuer;
use daypass_bench::server::Place;
use daypass_bench::{populate, say};

use super::{SERVER_CORE, Subject};
use crate::Plan;
use crate::median::median;
use crate::report::{Check, Hostile, Policies};

/// Roles of the larger check.
const CHECKED: u32 = 1_000;

/// Checks of each size, by turns.
const CHECKS: usize = 11;

/// Sets of hostile globs: (roles, globs in each). The last has as many in one role as a role may have.
const HOSTILE: [(u32, usize); 4] = [(1, 0), (1, 1), (10_000, 1), (1, 48)];

/// Measures both.
pub(crate) async fn run(plan: &Plan) -> io::Result<Policies> {
    Ok(Policies { checks: checks(plan)?, hostile: hostile(plan).await? })
}

/// `daypass policy check`, from the start of the process to its end.
fn checks(plan: &Plan) -> io::Result<Vec<Check>> {
    let mut sizes = Vec::new();
    for roles in [1, CHECKED] {
        let place = Place::new()?;
        place.configure("http://127.0.0.1:1", &format!("sqlite://{}", place.path("daypass.db").display()))?;
        populate::write_roles(&place, roles)?;
        sizes.push((roles, place, Vec::new()));
    }
    for round in 0..CHECKS {
        say(format_args!("policy: check {} of {CHECKS}", round.saturating_add(1)));
        for (_, place, millis) in &mut sizes {
            let mut command = place.check(&plan.daypass);
            let started = clock::instant();
            let output = command.output()?;
            millis.push(started.elapsed().as_secs_f64() * 1e3);
            if !output.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&output.stdout).into_owned()));
            }
        }
    }
    let one = sizes.first().map(|(_, _, millis)| millis.clone()).unwrap_or_default();
    let rows = sizes.into_iter().map(|(roles, _, millis)| {
        let ratios = millis.iter().zip(&one).map(|(here, one)| here / one).collect();
        Check { roles, median_ms: median(millis), of_one: median(ratios) }
    });
    Ok(rows.collect())
}

/// Exchanges of jobs whose ref is as long as refs are, beside a role without such globs, by turns.
async fn hostile(plan: &Plan) -> io::Result<Vec<Hostile>> {
    let issuer = Issuer::start().await?;
    let minter = issuer.minter().of_ref(&populate::long_ref());
    let mut subjects = Vec::new();
    for (roles, globs) in HOSTILE {
        let place = Place::new()?;
        let url = format!("sqlite://{}", place.path("daypass.db").display());
        place.configure(issuer.url(), &url)?;
        populate::onboard(&url, 1).await.map_err(io::Error::other)?;
        populate::write_hostile_roles(&place, roles, globs)?;
        let path = format!("/v1.0/auth/jwt?role=role-{}", roles.div_euclid(2));
        let command = place.serve(&plan.daypass, Some(SERVER_CORE));
        subjects.push((roles, globs, Subject::start(command, place, &path)?, Vec::new()));
    }
    for round in 0..plan.rounds {
        say(format_args!("policy: round {} of {}", round.saturating_add(1), plan.rounds));
        for (_, _, subject, micros) in &mut subjects {
            let tokens = minter.tokens(plan.tokens.div_euclid(8), 1)?;
            micros.push(subject.turn(tokens, 200).await?.micros);
        }
    }
    let without = subjects.first().map(|(_, _, _, micros)| micros.clone()).unwrap_or_default();
    let rows = subjects.into_iter().map(|(roles, globs_a_role, _, micros)| {
        let ratios = micros.iter().zip(&without).map(|(here, without)| here / without).collect();
        Hostile { roles, globs_a_role, micros: median(micros), of_none: median(ratios) }
    });
    Ok(rows.collect())
}
