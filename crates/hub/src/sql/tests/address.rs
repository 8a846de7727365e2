//! Addresses: what is read, what is shown, and that a password is never among it.

use super::server::{PASSWORD, Server};
use crate::sql::{SqlStore, StoreAddress, shown_address};

fn shown(text: &str) -> String {
    text.parse::<StoreAddress>().unwrap().to_string()
}

fn refused(text: &str) -> String {
    text.parse::<StoreAddress>().unwrap_err().to_string()
}

#[test]
fn addresses_are_read_and_shown() {
    assert_eq!(shown("sqlite:factors.db"), "sqlite:factors.db");
    assert_eq!(shown("sqlite://a/b.db"), "sqlite:a/b.db");
    assert_eq!(shown("sqlite:///a/b.db"), "sqlite:/a/b.db");
    assert_eq!(shown("postgres://ann:pass%40@db.example:6543/quant"), "postgres://ann@db.example:6543/quant");
    assert_eq!(shown("postgresql://ann@h1,h2:1/quant?password=pass"), "postgres://ann@h1:5432,h2:1/quant");
    assert_eq!(shown("postgres://%2Fvar%2Frun%2Fpostgresql/quant"), "postgres:///var/run/postgresql/quant");
    assert_eq!(shown_address("postgres://ann:pass@db/quant"), "postgres://ann@db:5432/quant");
    assert_eq!(shown_address("pass"), "***");
    let debug = format!("{:?}", "postgres://ann:pass@db/quant".parse::<StoreAddress>().unwrap());
    assert!(!debug.contains("pass"), "{debug}");
}

#[test]
fn refusals_show_no_password() {
    let cases = [
        ("mysql://ann:pass@db/quant", "`mysql:...` is not the address of a SQL store"),
        ("pass", "the address is not the address of a SQL store"),
        ("", "is not the address"),
        ("sqlite:", "names no file"),
        ("sqlite::memory:", "names no file"),
        ("postgres://ann:pass@db:port/quant", "cannot be read"),
        ("postgres://ann:pass@db/quant?sslmode=require", "encrypted"),
        ("postgres://ann:pass@db/quant?no_such=1&password=pass", "cannot be read"),
        ("postgres://ann:p@pass@db/quant", "more than one `@`"),
        ("postgres://ann:pass%zz@db/quant?x", "cannot be read"),
        ("postgres:///quant", "names no host"),
    ];
    for (text, expected) in cases {
        let error = refused(text);
        assert!(error.contains(expected) && error.contains("hint: "), "{text}: {error}");
        assert!(!error.contains("pass@") && !error.contains("=pass") && !error.contains(":pass"), "{text}: {error}");
    }
}

#[test]
fn stores_that_are_not_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let address =
        |name: &str| format!("sqlite:{}", folder.path().join(name).display()).parse::<StoreAddress>().unwrap();
    let error = SqlStore::open(&address("none.db")).unwrap_err().to_string();
    assert!(error.contains("there is no SQLite file") && error.contains("hint: "), "{error}");
    SqlStore::check(&address("none.db")).unwrap();
    assert!(!folder.path().join("none.db").exists());
    let error = SqlStore::check(&address("no/folder.db")).unwrap_err().to_string();
    assert!(error.contains("there is no folder"), "{error}");
    let error = SqlStore::create(&address("no/folder.db")).unwrap_err().to_string();
    assert!(error.contains("no/folder.db"), "{error}");
    std::fs::write(folder.path().join("text.db"), "this is a text and no database at all".repeat(100)).unwrap();
    let error = SqlStore::check(&address("text.db")).unwrap_err().to_string();
    assert!(error.contains("text.db") && error.contains("not a database"), "{error}");
    // Nobody listens on the port of a socket that was just closed.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("postgres://ann:pass@127.0.0.1:{port}/quant").parse().unwrap();
    let error = SqlStore::open(&nobody).unwrap_err().to_string();
    assert!(error.contains("cannot connect") && error.contains("hint: is the server running"), "{error}");
    assert!(!error.contains("pass"), "{error}");
}

pub(super) fn server_refuses_without_telling_the_password(server: &Server) {
    let good = server.address("postgres");
    SqlStore::open(&good.parse().unwrap()).unwrap();
    let wrong = good.replace("s3cret", "wrong");
    let error = SqlStore::open(&wrong.parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("password authentication failed") && !error.contains("wrong"), "{error}");
    let absent = server.address("absent");
    let error = SqlStore::open(&absent.parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("database \"absent\" does not exist") && error.contains("createdb"), "{error}");
    assert!(!error.contains(PASSWORD) && !error.contains("s3cret"), "{error}");
}
