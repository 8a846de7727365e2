//! `init`, `config show`: the project and its settings.

use crosscut_app::config::plain;
use crosscut_app::{AppError, Desk, init};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::commands::InitArgs;
use crate::text_table::TextTable;

/// `init`.
pub fn init(args: &InitArgs) -> Result<Answer, AppError> {
    let project = init::run(&args.dir)?;
    let mut text = format!("wrote a project into {}:\n", project.folder.display());
    for file in &project.files {
        text.push_str(&format!("  {file}\n"));
    }
    text.push_str("next: bring data in, then run the factor set; crosscut.yaml begins with the commands\n");
    Ok(Answer::good(&project, text))
}

/// `config show`.
pub fn config_show(desk: &Desk<'_>) -> Answer {
    let mut table = TextTable::new(&["key", "value", "from"]);
    let mut object = Map::new();
    for shown in desk.config.show() {
        let value = if shown.value.is_null() { "-".to_owned() } else { plain(&shown.value) };
        table.row([shown.key.clone(), if value.is_empty() { "-".to_owned() } else { value }, shown.origin.clone()]);
        object.insert(shown.key, json!({"value": shown.value, "origin": shown.origin}));
    }
    Answer::good(Value::Object(object), table.render())
}
