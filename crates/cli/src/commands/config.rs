//! `daypass config`: the settings as the server would go by them.

use anstyle::Style;
use serde_json::{Value, json};

use super::Context;
use super::serve;
use crate::args::{ConfigCommand, ConfigShowArguments};
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::schema;
use crate::settings::{Origin, ShownSetting, misspelt_variables};
use crate::table::{Cell, Table};

pub(super) fn run(command: &ConfigCommand, context: &Context) -> Result<u8, CommandFault> {
    match command {
        ConfigCommand::Show(arguments) => show(arguments, context),
        ConfigCommand::Schema(_) => {
            output::line(schema::text(&schema::of_settings()))?;
            Ok(OK)
        }
    }
}

fn show(arguments: &ConfigShowArguments, context: &Context) -> Result<u8, CommandFault> {
    let settings = serve::settings(&arguments.server, context)?.shown();
    if arguments.json {
        for setting in &settings {
            output::json(&as_json(setting))?;
        }
    } else {
        let mut table = Table::with_head(&["SETTING", "VALUE", "FROM"]);
        for setting in &settings {
            table.row(as_row(setting));
        }
        output::line(table)?;
    }
    for warning in misspelt_variables(&context.environment) {
        output::note(format_args!("{} {warning}", output::styled(output::CARE, "warning:")));
    }
    Ok(OK)
}

fn as_row(setting: &ShownSetting) -> [Cell; 3] {
    let style = if setting.origin == Origin::Default { output::FAINT } else { Style::new() };
    let value = if setting.value.is_null() {
        setting.absence().to_owned()
    } else {
        output::json_text(&setting.value)
    };
    [setting.name.as_str().into(), value.into(), Cell::new(&setting.origin.to_string(), style)]
}

fn as_json(setting: &ShownSetting) -> Value {
    let from = match &setting.origin {
        Origin::File { file, line } => json!({ "kind": "file", "file": file, "line": line }),
        Origin::Variable(name) => json!({ "kind": "variable", "name": name }),
        Origin::Flag(name) => json!({ "kind": "flag", "name": name }),
        Origin::Default => json!({ "kind": "default" }),
    };
    json!({ "setting": setting.name, "value": setting.value, "from": from })
}
