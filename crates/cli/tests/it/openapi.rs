//! `daypass openapi`.

use std::fs;

use crate::support::Folder;

#[test]
fn the_document_is_printed_or_written_as_the_documentation_has_it() {
    let folder = Folder::new();
    let copy = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json")).unwrap();
    assert!(folder.ok(&["openapi"]) == copy, "docs/openapi.json is another");
    let told = folder.run(&["openapi", "--url", "https://other.example/daypass", "--out", "openapi.json"]);
    assert!(told.status == 0 && told.stdout.is_empty(), "{told:?}");
    let written = folder.read("openapi.json");
    let other = "\"url\": \"https://other.example/daypass\"";
    assert_eq!(written.replace(other, "\"url\": \"https://pass.example.com\""), copy);
    assert!(written.contains(other));
    let nowhere = folder.run(&["openapi", "--out", "absent/openapi.json"]);
    assert!(nowhere.status == 2 && nowhere.stderr.contains("cannot be written"), "{nowhere:?}");
}
