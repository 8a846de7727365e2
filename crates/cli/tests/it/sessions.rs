//! The sessions of the guide, typed again: every command of docs/guide/sessions.md on a fresh demo market, and the examples
//! of docs/guide.md, each chapter on a demo market of its own; their output is held against what the page shows. Left open are
//! ids of runs and hashes (the page's stand for those of today), times of the clock, and lines replaced by `...`.

use std::collections::BTreeMap;

use crate::world::World;

/// The page of sessions.
const PAGE: &str = include_str!("../../../../docs/guide/sessions.md");

/// The guide.
const GUIDE: &str = include_str!("../../../../docs/guide.md");

/// A command of the page and the lines it shows.
struct Step<'a> {
    /// What is typed, without the prompt.
    command: &'a str,
    /// What the page shows of the answer.
    shown: Vec<&'a str>,
}

/// The steps of all sessions of a text, in order. A YAML block that begins with the name of a file, as in `# study.yaml`, is
/// one too: the file is written.
fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let (mut is_session, mut is_file) = (false, false);
    for line in text.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("# ").filter(|name| name.ends_with(".yaml"))) {
            _ if line.starts_with("```") => (is_session, is_file) = (line == "```console", line == "```yaml"),
            (Some(command), _) if is_session => steps.push(Step { command, shown: Vec::new() }),
            (None, _) if is_session => steps.last_mut().unwrap().shown.push(line),
            (_, Some(name)) if is_file => {
                steps.push(Step { command: name, shown: Vec::new() });
                is_session = true;
            }
            _ => {}
        }
    }
    steps
}

/// The words of a command as a shell would split them: quoted ones stay together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in command.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Whether a word names a run or a hash: sixteen hexadecimal digits or more.
fn is_id(word: &str) -> bool {
    word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Words and separators of a line, blanks as one: ids and times of the clock may be of another width.
fn pieces(line: &str) -> Vec<&str> {
    let split = line.split(|c: char| c.is_whitespace() || c == '/');
    split.map(|piece| piece.trim_end_matches([':', ',', ';'])).filter(|piece| !piece.is_empty()).collect()
}

/// Whether a line is the one shown. Ids that stand in the same place are noted as the same.
fn is_same(shown: &str, found: &str, ids: &mut BTreeMap<String, String>) -> bool {
    let (shown, found) = (pieces(shown), pieces(found));
    if shown.len() != found.len() {
        return false;
    }
    let is_clock = |piece: &str| piece.ends_with('Z') && piece.contains('.');
    let same = |(shown, found): (&&str, &&str)| {
        shown == found || (is_id(shown) && is_id(found)) || (is_clock(shown) && is_clock(found))
    };
    let all = shown.iter().zip(&found).all(same);
    if all {
        for (shown, found) in shown.into_iter().zip(found).filter(|(shown, _)| is_id(shown)) {
            ids.insert(shown.to_owned(), found.to_owned());
        }
    }
    all
}

/// Asserts that an answer is what is shown; `...` stands for any lines.
#[track_caller]
fn check(step: &Step<'_>, out: &str, ids: &mut BTreeMap<String, String>) {
    let lines: Vec<&str> = out.trim_end().lines().collect();
    let (mut at, mut may_skip) = (0, false);
    for shown in &step.shown {
        if *shown == "..." {
            may_skip = true;
            continue;
        }
        let n_ahead = if may_skip { lines.len() - at } else { 1 };
        let found = lines[at.min(lines.len())..].iter().take(n_ahead).position(|line| is_same(shown, line, ids));
        let found = found.unwrap_or_else(|| panic!("{}\nshows: {shown}\nfound:\n{out}", step.command));
        (at, may_skip) = (at + found + 1, false);
    }
    assert!(may_skip || at == lines.len(), "{}\nmore is found than shown:\n{out}", step.command);
}

/// Types the sessions of a text on a fresh demo market; gives the number of commands.
fn type_all(text: &str) -> usize {
    let steps = steps(text);
    if steps.is_empty() {
        return 0;
    }
    let world = World::new();
    world.run(&["demo", "--dir", "."]).good();
    let (mut ids, mut n_run) = (BTreeMap::new(), 0);
    for step in steps {
        let Some(words_of) = step.command.strip_prefix("crosscut ") else {
            world.write(step.command.trim_start_matches("cat "), step.shown.join("\n"));
            continue;
        };
        let typed = words(words_of);
        let typed: Vec<String> = typed.into_iter().map(|word| ids.get(&word).cloned().unwrap_or(word)).collect();
        let answer = world.run(&typed.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(answer.status < 2, "{}\n{}", step.command, answer.err);
        check(&step, &answer.out, &mut ids);
        n_run += 1;
    }
    n_run
}

#[test]
fn the_sessions_of_the_guide_print_what_they_show() {
    let n_run = type_all(PAGE);
    assert!(n_run >= 25, "{n_run} commands");
}

#[test]
fn the_examples_of_the_guide_print_what_they_show() {
    let n_run: usize = GUIDE.split("\n## ").flat_map(|chapter| chapter.split("\n### ")).map(type_all).sum();
    assert!(n_run >= 5, "{n_run} commands");
}

#[test]
fn a_page_that_is_not_true_is_found() {
    let step = |shown: &[&'static str]| Step { command: "x", shown: shown.to_vec() };
    let out = "run 0123456789abcdef: 5\nsharpe  2.5\nlast 2024-01-01T00:00:00.5Z\n";
    let mut ids = BTreeMap::new();
    check(&step(&["run fedcba9876543210: 5", "...", "last 2023-01-01T00:00:00.1Z"]), out, &mut ids);
    assert_eq!(ids["fedcba9876543210"], "0123456789abcdef");
    for wrong in [&["run fedcba9876543210: 6", "..."][..], &["...", "sharpe 2.6", "..."], &["run fedcba9876543210: 5"]]
    {
        let wrong = step(wrong);
        assert!(std::panic::catch_unwind(|| check(&wrong, out, &mut BTreeMap::new())).is_err());
    }
}
