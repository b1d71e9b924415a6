//! The documents: every block of shell in them is typed as it is printed, and what they name is there.

mod blocks;
mod named;
mod production;
mod scene;
mod typist;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::{
    blocks::{Typing, shell_blocks},
    scene::DocumentScene,
};

/// The folders whose Markdown is read, from the top of the repository.
const FOLDERS: [&str; 5] = ["", "docs", "server/emulator", "server/exchanges", "xtask"];

/// One document, by its path from the top of the repository.
pub struct Document {
    pub path: String,
    pub text: String,
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn documents() -> Vec<Document> {
    let mut documents = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(top().join(folder)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|end| end == "md") {
                let path = file.strip_prefix(top()).unwrap().display().to_string();
                documents.push(Document { path, text: fs::read_to_string(&file).unwrap() });
            }
        }
    }
    documents.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(documents.len() > 10, "the documents are not where they were");
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_commands_work() {
    let mut complaints = Vec::new();
    for block in documents().iter().flat_map(shell_blocks) {
        let Typing::Typed { scene, says, tool } = &block.typing else { continue };
        if let Some(tool) = tool.as_ref().filter(|tool| !typist::is_on_path(tool)) {
            eprintln!("NOT TYPED: {}: this machine has no {tool}", block.place);
            continue;
        }
        let scene = DocumentScene::set(scene).await;
        if let Err(how) = typist::type_in(&scene, &block.text, says.as_deref()).await {
            complaints.push(format!("{}: {how}", block.place));
        }
        scene.clear().await;
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn what_is_not_typed_says_why() {
    for block in documents().iter().flat_map(shell_blocks) {
        if let Typing::Not(reason) = &block.typing {
            assert!(reason.split(' ').count() > 2, "{}: {reason:?} is no reason", block.place);
        }
    }
}
