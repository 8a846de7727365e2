//! Command-line options made from the table of settings, so that a setting is described in one place only.
//!
//! A group of options ([`Section`]) becomes part of a derived command through [`Settings`]; what the user typed comes
//! out as pairs of key and text. Values are checked where all layers meet, not here.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use crosscut_app::config::{Given, KEYS, Key, Kind};
use crosscut_app::pipeline;

/// A group of settings that one command offers as options.
pub trait Section {
    /// Whether the options are accepted behind every command.
    const GLOBAL: bool = false;

    /// Whether a setting belongs to the group.
    fn holds(key: &Key) -> bool;

    /// The default of a setting in this group, as help shows it; empty for none.
    fn default_of(key: &'static Key) -> &'static str {
        key.default
    }
}

/// Declares a section by the beginnings of its keys' paths.
macro_rules! section {
    ($name:ident, $doc:literal, $($prefix:literal),+) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub struct $name;

        impl Section for $name {
            fn holds(key: &Key) -> bool {
                [$($prefix),+].iter().any(|prefix| key.path.starts_with(prefix))
            }
        }
    };
}

section!(ImportSection, "Options of `data import`.", "venue", "import.");
section!(DownloadSection, "Options of `data download`.", "venue", "download.");
section!(RawSection, "The venue and the folder of raw files.", "venue", "download.raw");
section!(VenueSection, "The venue alone.", "venue");
section!(AggregateSection, "Options of `aggregate`.", "venue", "aggregate.");
section!(
    PoolSection,
    "Options of `pool build`.",
    "venue",
    "pool.",
    "download.raw",
    "download.mirror",
    "download.url",
    "download.proxy",
    "download.retr",
    "download.backoff",
    "download.connect_timeout",
    "download.stall"
);
section!(StoreSection, "The SQL store alone.", "store.");
section!(EvaluateSection, "Options of `evaluate`.", "venue", "evaluate.");
section!(StressSection, "Options of `stress`.", "venue", "backtest.", "stress.");
section!(CriteriaSection, "The go-live criteria alone.", "stress.criteria");
section!(BacktestSection, "Options of `backtest`.", "venue", "backtest.", "stress.criteria");
section!(SweepSection, "Options of `sweep`.", "venue", "backtest.", "sweep.", "stress.criteria");
section!(OptimizeSection, "Options of `optimize`.", "venue", "backtest.", "sweep.", "optimize.", "stress.criteria");
section!(
    WalkforwardSection,
    "Options of `walkforward`.",
    "venue",
    "backtest.",
    "sweep.",
    "walkforward.",
    "stress.criteria"
);

/// Options of `pipeline run`.
#[derive(Debug, Clone)]
pub struct PipelineSection;

impl Section for PipelineSection {
    fn holds(key: &Key) -> bool {
        ["venue", "pipeline.", "backtest.", "stress.criteria"].iter().any(|prefix| key.path.starts_with(prefix))
    }

    fn default_of(key: &'static Key) -> &'static str {
        let own = pipeline::DEFAULTS.iter().find(|(_, path, _)| *path == key.path);
        own.map_or(key.default, |(_, _, text)| text)
    }
}

/// Options of every command.
#[derive(Debug, Clone)]
pub struct GlobalSection;

impl Section for GlobalSection {
    const GLOBAL: bool = true;

    fn holds(key: &Key) -> bool {
        !key.path.contains('.') && key.path != "venue"
    }
}

/// What was typed for the options of a section.
#[derive(Debug, Clone)]
pub struct Settings<S> {
    /// The values in the order of the table.
    pub given: Vec<Given>,
    /// The section is only a type.
    section: PhantomData<S>,
}

impl<S: Section> FromArgMatches for Settings<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for key in KEYS.iter().filter(|key| S::holds(key)) {
            let Some(texts) = matches.get_many::<String>(key.path) else { continue };
            let texts: Vec<String> = texts.cloned().collect();
            match key.kind {
                Kind::Named => given.extend(texts.into_iter().map(|text| Given { path: key.path, text })),
                _ => given.push(Given { path: key.path, text: texts.join(",") }),
            }
        }
        Ok(Self { given, section: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Section> Args for Settings<S> {
    fn augment_args(command: Command) -> Command {
        KEYS.iter().filter(|key| S::holds(key)).fold(command, |command, key| command.arg(option::<S>(key)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The option of one setting.
fn option<S: Section>(key: &'static Key) -> Arg {
    let mut help = key.help.to_owned();
    if let Kind::Choice(words) = key.kind {
        help.push_str(&format!(": {}", words.join(", ")));
    }
    let default = S::default_of(key);
    if !default.is_empty() && key.kind != Kind::Flag {
        help.push_str(&format!(" [default: {default}]"));
    }
    let arg = Arg::new(key.path).long(key.flag).help(help).global(S::GLOBAL).allow_negative_numbers(true);
    let arg = match heading(key.path) {
        _ if S::GLOBAL => arg.help_heading("Options of every command"),
        Some(heading) => arg.help_heading(heading),
        None => arg,
    };
    match key.kind {
        Kind::Flag => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("true|false")
            .action(ArgAction::Set),
        Kind::Named => arg.action(ArgAction::Append).value_name("NAME=VALUE"),
        Kind::List => arg.action(ArgAction::Append).value_name("A,B"),
        Kind::Count | Kind::Number => arg.action(ArgAction::Set).value_name("N"),
        Kind::Model => arg.action(ArgAction::Set).value_name("MODEL"),
        Kind::Tree => arg.action(ArgAction::Set).value_name("YAML"),
        Kind::Text | Kind::Choice(_) => arg.action(ArgAction::Set).value_name(value_name(key)),
    }
}

/// The heading under which help shows a setting; `None`: the command's own options.
fn heading(path: &str) -> Option<&'static str> {
    for (section, title) in [("sweep.", "Sweep"), ("optimize.", "Search"), ("walkforward.", "Walk-forward")] {
        if path.starts_with(section) {
            return Some(title);
        }
    }
    let rest = path.strip_prefix("backtest.")?;
    let is_in = |names: &[&str]| names.iter().any(|name| rest.starts_with(name));
    if is_in(&["costs", "commission", "slippage", "borrow", "funding", "margin", "allow_negative_cash"]) {
        Some("Costs and margin")
    } else if is_in(&["risk", "max_", "cash_buffer"]) {
        Some("Limits and risk guard")
    } else if is_in(&["pool_", "universe"]) {
        Some("Universe")
    } else if is_in(&["venue_rules", "steps", "execution", "feeds", "sampling", "audit"]) {
        Some("Execution")
    } else {
        None
    }
}

/// The placeholder of a text option.
fn value_name(key: &Key) -> &'static str {
    match key.flag {
        "hub" | "results" | "out" | "raw" => "DIR",
        "start-date" | "end-date" => "DATE",
        "mirror" | "proxy" => "URL",
        "group" => "FILE",
        "start" | "end" => "TIME",
        "symbol" | "benchmark" => "SYMBOL",
        "store" => "URL",
        "timeframe" | "bar" | "from" | "threshold" | "price-bars" | "funding-mark-bars" => "BAR",
        "venue" => "VENUE",
        "rebalance" | "pool-reselect" | "universe-reselect" => "RULE",
        "pool-lookback" | "latency" | "cooldown" | "sampling" | "funding-mark-age" => "DURATION",
        "factor-set" | "strategy" | "factor" => "NAME",
        _ => "WORD",
    }
}
