//! The one binary: parses the command line and hands it to `app`.

fn main() {}
