//! What one exchange costs where there are many projects and many roles, beside one of each.

use std::io;

use daypass_bench::issuer::Issuer;
use daypass_bench::server::Place;
use daypass_bench::{populate, say};

use super::{SERVER_CORE, Subject};
use crate::Plan;
use crate::median::median;
use crate::report::Scale;

/// How many of each, beside the plan's projects.
const FEW: (u64, u32) = (1_000, 100);
const ROLES: u32 = 10_000;

/// Measures each size beside the smallest, by turns.
pub(crate) async fn run(plan: &Plan) -> io::Result<Vec<Scale>> {
    let issuer = Issuer::start().await?;
    let sizes = [(1, 1), (FEW.0, 1), (plan.projects, 1), (1, FEW.1), (1, ROLES), (plan.projects, ROLES)];
    let mut subjects = Vec::new();
    for (projects, roles) in sizes {
        say(format_args!("scale: {projects} projects, {roles} roles"));
        subjects.push((projects, roles, subject(plan, &issuer, projects, roles).await?));
    }
    let mut micros = vec![Vec::new(); subjects.len()];
    for round in 0..plan.rounds {
        say(format_args!("scale: round {} of {}", round.saturating_add(1), plan.rounds));
        for ((projects, _, subject), micros) in subjects.iter().zip(&mut micros) {
            let tokens = issuer.minter().tokens(plan.tokens.div_euclid(2), *projects)?;
            micros.push(subject.turn(tokens, 200).await?.micros);
        }
    }
    let one = micros.first().cloned().unwrap_or_default();
    let rows = subjects.iter().zip(micros).map(|((projects, roles, _), micros)| {
        let ratios = micros.iter().zip(&one).map(|(here, one)| here / one).collect();
        Scale { projects: *projects, roles: *roles, micros: median(micros), of_one: median(ratios) }
    });
    Ok(rows.collect())
}

async fn subject(plan: &Plan, issuer: &Issuer, projects: u64, roles: u32) -> io::Result<Subject> {
    let place = Place::new()?;
    let url = format!("sqlite://{}", place.path("daypass.db").display());
    place.configure(issuer.url(), &url)?;
    populate::onboard(&url, projects).await.map_err(io::Error::other)?;
    populate::write_roles(&place, roles)?;
    // One in the middle.
    let path = format!("/v1.0/auth/jwt?role=role-{}", roles.div_euclid(2));
    Subject::start(place.serve(&plan.daypass, Some(SERVER_CORE)), place, &path)
}
