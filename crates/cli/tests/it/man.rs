//! `daypass man`.

use std::collections::BTreeSet;
use std::fs;

use crate::support::Folder;

/// Every command below this one, as `--help` lists them: `keys`, `keys list`, …
fn commands_below(folder: &Folder, above: &[&str]) -> Vec<String> {
    let help = folder.ok(&[above, &["-h"]].concat());
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let mut commands = Vec::new();
    for name in names {
        let command = [above, &[name]].concat();
        commands.push(command.join(" "));
        commands.extend(commands_below(folder, &command));
    }
    commands
}

#[test]
fn each_command_has_a_page_with_its_options_and_examples() {
    let folder = Folder::new();
    let told = folder.run(&["man", "--out", "share/man1"]);
    let files = fs::read_dir(folder.path("share/man1")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(told.status == 0 && told.stderr.contains(&format!("wrote {} pages", files.len())), "{told:?}");
    let commands = commands_below(&folder, &[]);
    assert!(commands.contains(&"audit export".to_owned()), "{commands:?}");
    let mut wanted: BTreeSet<String> =
        commands.iter().map(|command| format!("daypass-{}.1", command.replace(' ', "-"))).collect();
    wanted.insert("daypass.1".to_owned());
    assert_eq!(files, wanted);
    for file in &files {
        let page = folder.read(&format!("share/man1/{file}"));
        let title = format!(
            ".TH {} 1 \" \" \"daypass {}\" daypass",
            file.trim_end_matches(".1"),
            env!("CARGO_PKG_VERSION")
        );
        assert!(page.contains(&title), "{file}: {page}");
        assert!(
            page.contains("\n.SH EXAMPLES\n") && !page.contains("EXTRA") && !page.contains("\nExample"),
            "{file}"
        );
    }
    let serve = folder.read("share/man1/daypass-serve.1");
    assert!(serve.contains("public\\-url") && serve.contains("first line on stderr"), "{serve}");
    let demo = folder.read("share/man1/daypass-demo.1");
    assert!(!demo.contains("\\-\\-through"), "what --help hides is hidden: {demo}");
}

#[test]
fn the_main_page_goes_to_stdout_and_is_the_same_as_in_the_folder() {
    let folder = Folder::new();
    let page = folder.ok(&["man"]);
    folder.ok(&["man", "--out", "."]);
    assert_eq!(page, folder.read("daypass.1"));
    assert!(page.contains("daypass\\-config(1)"), "{page}");
    folder.write("taken", "");
    let ran = folder.run(&["man", "--out", "taken"]);
    assert!(ran.status == 2 && ran.stderr.contains("`taken` cannot be written"), "{ran:?}");
}
