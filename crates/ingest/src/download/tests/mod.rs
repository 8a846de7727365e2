//! Downloads from an archive on this machine that misbehaves.

mod damaged;
mod faults;
mod files;
mod flow;
mod glue;
mod parts;
mod reissued;
mod rest;
mod world;
