//! The tree of commands. Options that are settings come from the table in `app`; only what is no setting is here.

mod data;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use crosscut_app::config::KEYS;

pub use data::{
    DataCommand, DownloadArgs, ExportArgs, GenerateArgs, ImportArgs, InfoArgs, QueryArgs, ServeArgs, VerifyDataArgs,
};

use crate::options::{
    AggregateSection, BacktestSection, CriteriaSection, EvaluateSection, GlobalSection, OptimizeSection,
    PipelineSection, PoolSection, Section, Settings, StoreSection, StressSection, SweepSection, VenueSection,
    WalkforwardSection,
};

/// From raw exchange ticks to portfolios, with every number traceable.
#[derive(Debug, Parser)]
#[command(name = "crosscut", version, max_term_width = 120, propagate_version = true)]
#[command(after_help = "Start with `crosscut demo`, or `crosscut init` in an empty folder.\n\
    Exit status: 0 good, 1 ran and found a problem, 2 could not run.")]
pub struct CommandLine {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<GlobalSection>,
    /// YAML file with settings; repeatable, later files win
    #[arg(long = "config", value_name = "FILE", global = true, help_heading = "Options of every command")]
    pub config: Vec<PathBuf>,
    /// Any setting by its key, such as backtest.capital=50000; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE", global = true, help_heading = "Options of every command")]
    pub set: Vec<String>,
    /// Print the result as one JSON object on standard output
    #[arg(long, global = true, help_heading = "Options of every command")]
    pub json: bool,
}

impl Global {
    /// An option that stands before and behind the command's name among the words of a command line, with its values: the
    /// parser keeps those behind alone.
    pub fn lost(&self, words: &[String]) -> Option<(&'static str, Vec<String>)> {
        let kept = |path: &str| usize::from(self.settings.given.iter().any(|given| given.path == path));
        let settings = KEYS.iter().filter(|key| GlobalSection::holds(key)).map(|key| (key.flag, kept(key.path)));
        let repeatable = [("config", self.config.len()), ("set", self.set.len())];
        settings
            .chain(repeatable)
            .map(|(flag, kept)| (flag, kept, values_of(flag, words)))
            .find_map(|(flag, kept, values)| (values.len() > kept).then_some((flag, values)))
    }
}

/// The values of an option among the words of a command line.
fn values_of(flag: &str, words: &[String]) -> Vec<String> {
    let mut values = Vec::new();
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    for (at, word) in words[..end].iter().enumerate() {
        match word.strip_prefix("--").and_then(|word| word.strip_prefix(flag)) {
            Some("") => values.push(words.get(at + 1).cloned().unwrap_or_default()),
            Some(rest) => values.extend(rest.strip_prefix('=').map(str::to_owned)),
            None => {}
        }
    }
    values
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole loop on a generated market: offline, under a minute
    Demo(DemoArgs),
    /// Write a commented project: settings, a factor set, strategies
    Init(InitArgs),
    /// The settings in effect
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Market data: import files, generate a market, look at what there is
    #[command(subcommand)]
    Data(DataCommand),
    /// Care of the data hub
    #[command(subcommand)]
    Hub(HubCommand),
    /// Trades (or finer bars) to bars
    Aggregate(AggregateArgs),
    /// The built-in features of one file or of some symbols
    Features(FeaturesArgs),
    /// Factor sets
    #[command(subcommand)]
    Factors(FactorsCommand),
    /// Judge factors: IC, quantiles, decay, turnover, costs, stability; a report
    Evaluate(EvaluateArgs),
    /// One backtest of a strategy on a factor set
    Backtest(BacktestArgs),
    /// Many backtests over parameters: grids, draws, named sets; resumes where it was killed
    Sweep(SweepArgs),
    /// Where a strategy breaks: other periods, symbols, fills, costs, prices; go-live criteria
    Stress(StressArgs),
    /// A search for good parameters that learns from what it has tried
    Optimize(OptimizeArgs),
    /// Parameters chosen on the past again and again, and what they did afterwards
    Walkforward(WalkforwardArgs),
    /// What the choice of symbols does to a result
    #[command(subcommand)]
    Universe(UniverseCommand),
    /// Lists of symbols chosen by a rule: by the venue's ticker, by what is on disk, or over time
    #[command(subcommand)]
    Pool(PoolCommand),
    /// The archive of runs
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Pool, bars, features, backtest and report in one go
    #[command(subcommand)]
    Pipeline(PipelineCommand),
    /// The benchmark kit's workloads, with the kit's options; prints one JSON line
    Bench(BenchArgs),
    /// What can be named: operators, factors, strategies, costs, providers
    #[command(subcommand)]
    List(ListCommand),
    /// Write the reference pages: everything that can be named, as Markdown
    Reference(ReferenceArgs),
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder for everything the demo writes
    #[arg(long, value_name = "DIR", default_value = "crosscut-demo")]
    pub dir: PathBuf,
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder of the project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// `config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every setting, its value and where it came from
    Show,
}

/// `hub ...`
#[derive(Debug, Subcommand)]
pub enum HubCommand {
    /// Remove old generations of factor sets
    Gc(GcArgs),
}

/// Options of `hub gc`.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Generations of each set that stay
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub keep: u64,
}

/// Options of `aggregate`.
#[derive(Debug, Args)]
pub struct AggregateArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<AggregateSection>,
    /// Symbols; all there are when none is named
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
}

/// Options of `features`.
#[derive(Debug, Args)]
pub struct FeaturesArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<VenueSection>,
    /// A file of bars, or symbols of the hub
    #[arg(value_name = "FILE|SYMBOL", required = true)]
    pub subjects: Vec<String>,
    /// Bars of the symbols
    #[arg(long, value_name = "BAR", default_value = "1h")]
    pub bar: String,
    /// Built-in family, see `crosscut factors list`
    #[arg(long, value_name = "NAME", default_value = "features")]
    pub family: String,
    /// Windows, in bars
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub windows: Vec<usize>,
    /// Only these features
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Where the rows go.
    #[command(flatten)]
    pub table: TableArgs,
}

/// Where the rows of a table go.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// Rows to print, from the end
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rows: usize,
    /// Write all rows to this file instead: .parquet or .csv
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `factors ...`
#[derive(Debug, Subcommand)]
pub enum FactorsCommand {
    /// Compute a factor set and publish it in the hub; --config names its file
    Run(Settings<StoreSection>),
    /// Bring published factor sets up to date: only what new or changed bars touch is computed
    Update(UpdateFactorsArgs),
    /// The factor sets in the hub and the built-in families
    List(ListFactorsArgs),
    /// One factor set, family, factor or operator: formula, lookback, inputs, rules, source
    Show(ShowFactorsArgs),
    /// Prove a published set: no value knows the future, updates and single rows give the bits of a full run
    Audit(AuditFactorsArgs),
    /// The rows of a published set, from the hub or a SQL store
    Load(LoadFactorsArgs),
}

/// Options of `factors update`.
#[derive(Debug, Args)]
pub struct UpdateFactorsArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StoreSection>,
    /// Published factor sets; or name their files with --config
    #[arg(value_name = "SET")]
    pub sets: Vec<String>,
    /// Timeframe of the sets, when several have the name
    #[arg(long, value_name = "BAR")]
    pub timeframe: Option<String>,
}

/// Options of `factors load`.
#[derive(Debug, Args)]
pub struct LoadFactorsArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StoreSection>,
    /// Name of the factor set
    #[arg(value_name = "SET")]
    pub name: String,
    /// Timeframe of the set, when several have the name
    #[arg(long, value_name = "BAR")]
    pub timeframe: Option<String>,
    /// First timestamp, UTC, such as 2024-07-21
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// End, UTC, exclusive
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Only these symbols
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// Only these factors
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Where the rows go.
    #[command(flatten)]
    pub table: TableArgs,
}

/// Options of `factors list`.
#[derive(Debug, Args)]
pub struct ListFactorsArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StoreSection>,
    /// The factors of the built-in families instead, or of this one
    #[arg(long, value_name = "FAMILY", num_args = 0..=1)]
    pub library: Option<Option<String>>,
}

/// Options of `factors show`.
#[derive(Debug, Args)]
pub struct ShowFactorsArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StoreSection>,
    /// A factor set or a column of it (SET:COLUMN), a built-in family or factor (sma_20, talib:sma), or an operator
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Timeframe of the set, when several have the name
    #[arg(long, value_name = "BAR")]
    pub timeframe: Option<String>,
    /// The factor set whose column NAME is
    #[arg(long, value_name = "SET")]
    pub factor_set: Option<String>,
    /// Windows of a built-in factor, in bars
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub windows: Vec<usize>,
}

/// Options of `factors audit`.
#[derive(Debug, Args)]
pub struct AuditFactorsArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StoreSection>,
    /// Name of the factor set
    #[arg(value_name = "SET")]
    pub name: String,
    /// Timeframe of the set, when several have the name
    #[arg(long, value_name = "BAR")]
    pub timeframe: Option<String>,
    /// Random cuts of each kind of trial, at least 5: each kind of arrival comes once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(5..=1000))]
    pub cuts: u16,
    /// Symbols of the sample, at least 2; as many as the set needs when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    pub symbols: Option<u16>,
    /// What sample and cuts are drawn by
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EvaluateArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<EvaluateSection>,
    /// Something else than an evaluation.
    #[command(subcommand)]
    pub command: Option<EvaluateCommand>,
}

/// `evaluate ...`
#[derive(Debug, Subcommand)]
pub enum EvaluateCommand {
    /// Check that the files of an evaluation are those that were written, and whether its data are still in the hub
    Verify(VerifyEvaluationArgs),
}

/// Options of `evaluate verify`.
#[derive(Debug, Args)]
pub struct VerifyEvaluationArgs {
    /// Folder of the evaluation
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

/// Options of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<SweepSection>,
}

/// Options of `optimize`.
#[derive(Debug, Args)]
pub struct OptimizeArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<OptimizeSection>,
}

/// Options of `walkforward`.
#[derive(Debug, Args)]
pub struct WalkforwardArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<WalkforwardSection>,
}

/// Options of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<BacktestSection>,
}

/// Options of `stress`.
#[derive(Debug, Args)]
pub struct StressArgs {
    /// Id of a run, its beginning, its folder, or `latest`; without one the run that the settings describe is made first
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Also write the table as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<StressSection>,
}

/// `pool ...`
#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// Choose and publish a pool: the most traded by ticker or disk, or --dynamic: everything, to be chosen from over time
    Build(BuildPoolArgs),
    /// All pools, or the members of one
    Show(ShowPoolArgs),
    /// Who came, who left, who moved
    Diff(DiffPoolArgs),
}

/// Options of `pool build`.
#[derive(Debug, Args)]
pub struct BuildPoolArgs {
    /// Name of the pool
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<PoolSection>,
}

/// Options of `pool show`.
#[derive(Debug, Args)]
pub struct ShowPoolArgs {
    /// Name of the pool; all in short without one
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Options of `pool diff`.
#[derive(Debug, Args)]
pub struct DiffPoolArgs {
    /// The earlier pool
    #[arg(value_name = "A")]
    pub a: String,
    /// The later pool
    #[arg(value_name = "B")]
    pub b: String,
}

/// `universe ...`
#[derive(Debug, Subcommand)]
pub enum UniverseCommand {
    /// The same strategy on the universe as it was and on those that still trade today, side by side
    Bias(BacktestArgs),
}

/// `runs ...`
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Every run ever made here
    List(ListRunsArgs),
    /// One run: settings and metrics
    Show(ShowRunArgs),
    /// Two runs side by side: what was different, what came of it
    Compare(CompareArgs),
    /// What a run would return with more capital, when its orders move prices
    Capacity(CapacityArgs),
    /// Make a run again and compare it bit for bit, or name the first input that changed
    Rerun(RunArgs),
    /// Why a symbol was held, or was not: from raw file to cash
    Explain(ExplainArgs),
    /// Check that the files of a run are those that were written, and its inputs those of the hub
    Verify(VerifyArgs),
    /// How often each hypothesis was tried, and whether the ledger that says so is what was written
    Trials(TrialsArgs),
    /// Hold a run against go-live criteria; exit status 1 when one fails
    Judge(JudgeArgs),
    /// Several runs on equal terms: those of the first, on the dates of all; differences against chance
    Contest(ContestArgs),
}

/// Options of `runs judge`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// The criteria.
    #[command(flatten)]
    pub settings: Settings<CriteriaSection>,
}

/// Options of `runs contest`.
#[derive(Debug, Args)]
pub struct ContestArgs {
    /// Ids of two runs or more, their beginnings or folders, or `latest`
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub runs: Vec<String>,
    /// Terms that stay each run's own, such as symbols,universe,execution
    #[arg(long, value_name = "TERM,TERM", value_delimiter = ',')]
    pub keep: Vec<String>,
    /// The criteria.
    #[command(flatten)]
    pub settings: Settings<CriteriaSection>,
}

/// Options of `runs trials`.
#[derive(Debug, Args)]
pub struct TrialsArgs {
    /// A head noted earlier: it must lie on the ledger's chain
    #[arg(long, value_name = "HASH")]
    pub head: Option<String>,
}

/// Options of `runs list`.
#[derive(Debug, Args)]
pub struct ListRunsArgs {
    /// Only runs of this strategy
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// Only this many, the latest
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
}

/// Options of `runs show`.
#[derive(Debug, Args)]
pub struct ShowRunArgs {
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// Metrics by the conventions of a library: empyrical, pyfolio, quantstats, backtesting_py, lean, vectorbt
    #[arg(long, value_name = "LIBRARY")]
    pub metrics: Option<String>,
    /// Periods per year for --metrics, instead of the calendar's
    #[arg(long, value_name = "N", requires = "metrics")]
    pub periods_per_year: Option<f64>,
}

/// Options of `runs capacity`.
#[derive(Debug, Args)]
pub struct CapacityArgs {
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// Factor of the square-root law: an order pays this times the daily volatility times the root of its share of a day
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    pub impact: f64,
}

/// What is to be explained.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The run
    #[command(flatten)]
    pub run: RunArgs,
    /// A time of the run, as its files tell it: the label of a bar, or any time after it
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// A symbol of the run, held or not
    #[arg(long, value_name = "SYMBOL")]
    pub symbol: String,
}

/// A run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Id of the run, its beginning, its folder, or `latest`
    #[arg(value_name = "RUN")]
    pub run: String,
}

/// Two runs.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Id of the first run, its beginning, its folder, or `latest`
    #[arg(value_name = "RUN")]
    pub first: String,
    /// Id of the second run, likewise
    #[arg(value_name = "RUN")]
    pub second: String,
    /// Also write the comparison as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Runs to verify.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Ids of runs, their beginnings or folders, or `latest`; all when none is named
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    /// Also compare the venue's files that the tables were made from with those in this folder
    #[arg(long, value_name = "DIR")]
    pub raw: Option<PathBuf>,
}

/// `pipeline ...`
#[derive(Debug, Subcommand)]
pub enum PipelineCommand {
    /// From the tick files in the hub to a report
    Run(PipelineArgs),
}

/// Options of `pipeline run`.
#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<PipelineSection>,
}

/// Options of `bench`; names and defaults are the kit's.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// W1 (a trade archive to Parquet), W2 (ticks to bars), W3 (80 features), W3b (formulaic alphas), W4 (cross-sectional backtest), W5 (parameter sweeps), W6 (event path), W7 (factor evaluation)
    #[arg(value_name = "WORKLOAD")]
    pub workload: String,
    /// The kit's data folder, or its golden folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// W2: time, volume or dollar
    #[arg(long, value_name = "WORD", default_value = "time")]
    pub kind: String,
    /// W2: bar threshold
    #[arg(long, value_name = "N")]
    pub thr: Option<f64>,
    /// W1, W2: rows in the name of the tick file
    #[arg(long, value_name = "N")]
    pub rows: Option<u64>,
    /// W1, W2: symbol in the name of the tick file
    #[arg(long, value_name = "SYMBOL")]
    pub sym: Option<String>,
    /// W2: only the first N ticks
    #[arg(long, value_name = "N")]
    pub head: Option<u64>,
    /// W3, W4, W5, W7: folder of the panel
    #[arg(long, value_name = "NAME")]
    pub panel: Option<String>,
    /// W3, W3b, W4, W7: only the first N symbols
    #[arg(long, value_name = "N")]
    pub symbols: Option<usize>,
    /// W1: keep the hub in DIR; W3, W3b: write a table per symbol, into out/ of the data folder unless DIR is given
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    pub write: Option<Option<PathBuf>>,
    /// W3b: alphas20, alpha101 or alpha158; W4 with --n: long_short, momentum, top_k or threshold; W5: xs or sma; W6: bars or ticks; W7: equity or hourly
    /// [default: the first]
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// W3b: file of the panel
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
    /// W3b, W7: only the last N days
    #[arg(long, value_name = "N")]
    pub days: Option<usize>,
    /// W3, W3b, W7: write the check figures to FILE; W5: those of every set
    #[arg(long, value_name = "FILE")]
    pub save_check: Option<PathBuf>,
    /// W4: only the first N hours; W7: the last
    #[arg(long, value_name = "N")]
    pub hours: Option<usize>,
    /// W4: size of the universe
    #[arg(long, value_name = "N")]
    pub uni: Option<usize>,
    /// W4: stop at every bar instead of where something can happen; with --n: run each set in the engine
    #[arg(long)]
    pub every_bar: bool,
    /// W4: names on each side
    #[arg(long, value_name = "N")]
    pub k: Option<usize>,
    /// W4: sweep N sets instead of one run; W5: N sets, evenly spaced (all); W6: only the first N bars or ticks (1000000)
    #[arg(long, value_name = "N")]
    pub n: Option<usize>,
    /// W5 sma: only the first N bars (100000)
    #[arg(long, value_name = "N")]
    pub bars: Option<usize>,
    /// W6 bars: keep the audit trail
    #[arg(long)]
    pub audit: bool,
    /// W6 ticks: with a limit order that rests and is moved now and then
    #[arg(long)]
    pub orders: bool,
}

/// `list ...`
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// The operators of the factor language
    Operators(ListArgs),
    /// The built-in factors
    Factors(ListArgs),
    /// The built-in strategies and their parameters
    Strategies(ListArgs),
    /// The cost models
    Costs(ListArgs),
    /// Where market data can come from
    Providers(ListArgs),
}

/// Options of `list ...`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this one, in full
    #[arg(value_name = "NAME", allow_hyphen_values = true)]
    pub name: Option<String>,
}

/// Options of `reference`.
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// Folder of the pages
    #[arg(long, value_name = "DIR", default_value = "reference")]
    pub dir: PathBuf,
}
