//! What a refusal costs beside a success: a forged signature, an unknown issuer, a token that was used.

use std::io;

use daypass_bench::issuer::Issuer;
use daypass_bench::server::Place;
use daypass_bench::{populate, say};

use super::{SERVER_CORE, Subject};
use crate::Plan;
use crate::median::median;
use crate::report::Refusals;

/// Measures each kind beside successes, by turns.
pub(crate) async fn run(plan: &Plan) -> io::Result<Vec<Refusals>> {
    let issuer = Issuer::start().await?;
    let subject = subject(plan, &issuer).await?;
    let count = plan.tokens.div_euclid(2);
    let [mut success, mut forged, mut unknown, mut replayed] = [const { Vec::new() }; 4];
    for round in 0..plan.rounds {
        say(format_args!("refusals: round {} of {}", round.saturating_add(1), plan.rounds));
        let tokens = issuer.minter().tokens(count, 1)?;
        let others = issuer.minter().renamed("https://elsewhere.example.com").tokens(count, 1)?;
        forged.push(subject.turn(tokens.iter().map(|token| forge(token)).collect(), 401).await?.micros);
        unknown.push(subject.turn(others, 401).await?.micros);
        success.push(subject.turn(tokens.clone(), 200).await?.micros);
        replayed.push(subject.turn(tokens, 401).await?.micros);
    }
    let row = |name: &'static str, micros: &[f64]| {
        let ratios = micros.iter().zip(&success).map(|(refusal, success)| refusal / success).collect();
        Refusals { name, micros: median(micros.to_vec()), of_success: median(ratios) }
    };
    Ok(vec![
        row("success", &success),
        row("forged signature", &forged),
        row("unknown issuer", &unknown),
        row("used token", &replayed),
    ])
}

/// The same token with another signature of the same length.
fn forge(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    format!("{signed}.{}", signature.chars().rev().collect::<String>().replacen(['Q', 'g', 'w', 'A'], "B", 1))
}

async fn subject(plan: &Plan, issuer: &Issuer) -> io::Result<Subject> {
    let place = Place::new()?;
    let url = format!("sqlite://{}", place.path("daypass.db").display());
    place.configure(issuer.url(), &url)?;
    populate::onboard(&url, 1).await.map_err(io::Error::other)?;
    populate::write_roles(&place, 1)?;
    Subject::start(place.serve(&plan.daypass, Some(SERVER_CORE)), place, "/v1.0/auth/jwt?role=role-0")
}
