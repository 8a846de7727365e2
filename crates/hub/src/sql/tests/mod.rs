//! One suite of cases, run against a SQLite file and against a real PostgreSQL server; and what concerns one of them.

mod address;
mod names;
mod place;
mod server;
mod suite;
mod trouble;

use place::Backend;
use server::Server;

/// What runs against a database.
type Case = fn(&Backend<'_>);

/// Every case; the name is printed before it runs.
const CASES: &[(&str, Case)] = &[
    ("sets round trip", suite::sets_round_trip),
    ("parts of a set", suite::parts_of_a_set),
    ("saving again", suite::saving_again),
    ("appended rows", suite::appended_rows),
    ("tables in parts", suite::tables_in_parts),
    ("corrected, late and removed rows", suite::corrected_late_and_removed_rows),
    ("event bars that share times", suite::event_bars_that_share_times),
    ("symbols come and go", suite::symbols_come_and_go),
    ("other columns", suite::other_columns),
    ("another definition", suite::another_definition),
    ("names that are not there", suite::names_that_are_not_there),
    ("three hundred columns", names::three_hundred_columns),
    ("too many columns", names::too_many_columns),
    ("names a database would not take", names::names_a_database_would_not_take),
    ("readers and writers at once", trouble::readers_and_writers_at_once),
    ("a writer at work", trouble::a_writer_at_work),
    ("a writer that fails", trouble::a_writer_that_fails),
    ("tables changed by others", trouble::tables_changed_by_others),
];

/// Runs every case.
fn run(backend: &Backend<'_>) {
    for (name, case) in CASES {
        let began = std::time::Instant::now();
        println!("case: {name}");
        case(backend);
        println!("      {:.2} s", began.elapsed().as_secs_f64());
    }
}

#[test]
fn sqlite_passes_the_suite() {
    run(&Backend::Sqlite);
}

#[test]
fn postgres_passes_the_suite() {
    let server = Server::start();
    run(&Backend::Postgres(&server));
    trouble::lost_connection(&Backend::Postgres(&server));
    address::server_refuses_without_telling_the_password(&server);
}
