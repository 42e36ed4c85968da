//! `daypass keys list`.

use anstyle::Style;
use daypass_app::signing_keys::{KeyState, PURPOSE, Standing, states};
use daypass_jose::Timestamp;
use serde_json::{Value, json};

use super::super::Context;
use super::super::records::Records;
use crate::args::KeysListArguments;
use crate::fault::CommandFault;
use crate::output;
use crate::table::{Cell, Table};

pub(super) async fn run(
    arguments: &KeysListArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let rows = records.store.signing_keys().list(PURPOSE).await?;
    let states = states(&rows, context.clock.now());
    if arguments.json {
        for state in &states {
            output::line(as_json(state))?;
        }
        return Ok(());
    }
    if states.is_empty() {
        output::note("there is no signing key yet; the first start of a server makes it");
        return Ok(());
    }
    let mut table = Table::with_head(&["KEY ID", "STATUS", "ALGORITHM", "SIGNS FROM", "UNTIL"]);
    for state in &states {
        table.row([
            state.row.key_id.as_str().into(),
            status(state.standing),
            state.row.algorithm.as_str().into(),
            state.row.activates_at.to_string().into(),
            until(state).map_or_else(String::new, |until| until.to_string()).into(),
        ]);
    }
    output::line(table)
}

/// Until when it is published, where that is known.
fn until(state: &KeyState<'_>) -> Option<Timestamp> {
    state.row.revoked_at.or(state.ends_at)
}

fn as_json(state: &KeyState<'_>) -> Value {
    json!({
        "key_id": state.row.key_id,
        "status": state.standing.as_str(),
        "algorithm": state.row.algorithm,
        "created_at": state.row.created_at.to_string(),
        "signs_from": state.row.activates_at.to_string(),
        "published_until": until(state).map(|until| until.to_string()),
        "revoked_at": state.row.revoked_at.map(|at| at.to_string()),
    })
}

fn status(standing: Standing) -> Cell {
    let style = match standing {
        Standing::Signing => output::GOOD,
        Standing::Announced | Standing::Replaced => Style::new(),
        Standing::Revoked => output::BAD,
        Standing::Ended => output::FAINT,
    };
    Cell::new(standing.as_str(), style)
}
