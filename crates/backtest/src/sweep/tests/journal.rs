//! A journal that was cut off anywhere.

use super::super::{Journal, Note, Noted, Sampled, SetOutcome};

const ID: &str = "0123456789abcdef";

fn outcome(place: usize) -> SetOutcome {
    let equity: Vec<f64> = (0..5).map(|row| (row * place) as f64 + 0.1).collect();
    SetOutcome {
        run_id: format!("run{place}"),
        capital: 1e6,
        metrics: vec![Some(place as f64 / 3.0), None],
        periods_per_year: 8760.0,
        sampled: Sampled { labels: (0..5).map(|row| row * 10 + (place as i64 / 3)).collect(), equity },
    }
}

fn notes() -> Vec<Noted> {
    let note = |place: usize| -> Note { if place == 2 { Err("why".to_owned()) } else { Ok(outcome(place)) } };
    (0..6).map(|place| Noted { place, note: note(place) }).collect()
}

#[test]
fn what_was_appended_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::open(&path, ID, &mut |_| panic!("it is new")).unwrap();
    notes().iter().for_each(|noted| journal.append(noted).unwrap());
    journal.sync().unwrap();
    assert!(Journal::open(&path, ID, &mut |_| {}).unwrap_err().to_string().contains("in use"));
    drop(journal);
    let mut read = Vec::new();
    drop(Journal::open(&path, ID, &mut |noted| read.push(noted)).unwrap());
    assert_eq!(read, notes());
    let other = Journal::open(&path, "fedcba9876543210", &mut |_| {}).unwrap_err().to_string();
    assert!(other.contains("not the journal of this sweep"), "{other}");
}

#[test]
fn a_cut_journal_goes_on_with_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut ends = Vec::new();
    let mut journal = Journal::open(&path, ID, &mut |_| {}).unwrap();
    for noted in notes() {
        ends.push(std::fs::metadata(&path).unwrap().len());
        journal.append(&noted).unwrap();
    }
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(7).chain([whole.len()]) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut read = Vec::new();
        let mut journal = Journal::open(&path, ID, &mut |noted| read.push(noted)).unwrap();
        let n_whole = (0..6).filter(|&n| ends.get(n + 1).copied().unwrap_or(whole.len() as u64) <= cut as u64).count();
        assert_eq!(read, notes()[..n_whole], "cut at {cut}");
        notes()[n_whole..].iter().for_each(|noted| journal.append(noted).unwrap());
        drop(journal);
        let mut again = Vec::new();
        drop(Journal::open(&path, ID, &mut |noted| again.push(noted)).unwrap());
        assert_eq!(again, notes(), "cut at {cut}");
    }
    // A byte that is not what was written ends what is believed.
    let mut damaged = whole.clone();
    damaged[ends[3] as usize + 20] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let mut read = Vec::new();
    drop(Journal::open(&path, ID, &mut |noted| read.push(noted)).unwrap());
    assert_eq!(read, notes()[..3]);
}
