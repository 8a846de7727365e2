//! One self-contained HTML page from tables and series; knows nothing of finance.
