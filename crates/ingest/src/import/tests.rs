//! Files in, tables and messages out.

mod archive;
